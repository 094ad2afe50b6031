"""Text from a prompt, at the speed that speculation gives, with the reasons for it.

    python -m projects.ssd.generate --prompt "What is the sea?" --pair smollm2 --mode compare

The text goes to stdout as it is made, everything about it to stderr. exit codes: 0 done, 1 it went wrong, 2 bad input.
"""

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from projects.ssd import startup
from shared.errors import BadInput

if TYPE_CHECKING:
    from projects.ssd.engine import Rounds, Spec
    from projects.ssd.pairs import Pair

MODES = ("ar", "sd", "ssd")
NAMES = {"ar": "AR", "sd": "SD", "ssd": "SSD"}
ROUNDS = 6  # of a timeline
WARM_UP = 32  # tokens generated beforehand, to compile the programs; a comparison generates everything twice, and times the second


class Done(NamedTuple):
    """What one mode generated."""

    mode: str
    tokens: list[int]
    rounds: "Rounds"
    numbers: dict[str, float]


def main(words: list[str] | None = None) -> int:
    args = parser().parse_args(words)
    try:
        check(args)
        return generate(args)
    except BadInput as error:
        say(f"error: {error}".replace("spec.", "--"))  # a config's field there is a flag here
        return 2
    except KeyboardInterrupt:
        say("\nstopped")
        return 1


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser("python -m projects.ssd.generate", description=__doc__.split("\n")[0],
                                  epilog="exit codes: 0 done, 1 it went wrong, 2 bad input")  # fmt: skip
    top.add_argument("--prompt", required=True, metavar="TEXT")
    top.add_argument("--pair", default="", metavar="NAME",
                     help="cpu, cpu/weak, demo or smollm2, or the id of a draft's run; default: the newest")  # fmt: skip
    top.add_argument("--mode", default="ssd", choices=(*MODES, "compare"), help="default ssd; compare: all three, one after the other")
    top.add_argument("--max-new", type=int, default=128, metavar="N", help="tokens at most (default 128)")
    top.add_argument("--temperature", type=float, default=0.0, metavar="T", help="0 (default) is greedy")
    top.add_argument("--seed", type=int, default=0)
    # auto tries what it does not know, which costs a short text more than it gains
    top.add_argument("--lookahead", default="4", metavar="K", help="tokens per speculation (default 4), or auto: estimated on the way")
    top.add_argument("--budget", type=int, default=6, metavar="M", help="outcomes prepared for during a verification (default 6)")
    top.add_argument("--fanout", default="geometric", metavar="F", help="geometric (default), uniform, auto, or K+1 numbers as 3,2,1,2")
    top.add_argument("--backup", default="neural", choices=("neural", "ngram", "random", "auto"),
                     help="what drafts after a miss (default neural)")  # fmt: skip
    top.add_argument("--placement", default="process", choices=("process", "inprocess"),
                     help="process (default): the draft on cores of its own; inprocess: two devices of one process")  # fmt: skip
    top.add_argument("--timeline", default="", metavar="FILE.png", help="also draw a few rounds")
    return top


def check(args: argparse.Namespace) -> None:
    """Raises BadInput for what no model could do."""
    if not args.prompt:
        raise BadInput("--prompt is empty: give at least a word")
    if args.max_new < 1:
        raise BadInput(f"--max-new {args.max_new}: take at least 1")
    if not (math.isfinite(args.temperature) and args.temperature >= 0):
        raise BadInput(f"--temperature {args.temperature}: take 0 (greedy) or a number above")
    if not 0 <= args.seed < 1 << 63:
        raise BadInput(f"--seed {args.seed}: take a number from 0 to 2^63 - 1")
    if args.lookahead != "auto" and not (args.lookahead.isdecimal() and int(args.lookahead) > 0):
        raise BadInput(f"--lookahead {args.lookahead}: take auto or a whole number of at least 1")
    if args.budget < 1:
        raise BadInput(f"--budget {args.budget}: take at least 1")
    if args.fanout not in ("auto", "uniform", "geometric") and not all(word.isdecimal() for word in args.fanout.split(",")):
        raise BadInput(f"--fanout {args.fanout}: take auto, uniform, geometric, or numbers as 3,2,1,2")
    if args.timeline and not args.timeline.endswith((".png", ".svg", ".pdf")):
        raise BadInput(f"--timeline {args.timeline}: give a name that ends in .png, .svg or .pdf")
    if args.timeline and not Path(args.timeline).absolute().parent.is_dir():
        raise BadInput(f"--timeline {args.timeline}: there is no folder {Path(args.timeline).parent}; make it, or name another")


def generate(args: argparse.Namespace) -> int:
    if args.placement == "process":
        startup.keep_apart()
    two_cores = len([*sum(startup.split(), []), *startup.spare]) > 1
    modes = MODES if args.mode == "compare" else (args.mode,)
    if "ssd" in modes and not two_cores:
        say("one core only, so drafting cannot overlap verification: SSD runs as SD")
    startup.start_jax()
    import jax

    if args.placement == "inprocess" and two_cores:
        jax.config.update("jax_num_cpu_devices", 2)
    from projects.ssd import pairs

    pair = pairs.load(args.pair)
    prompt = pairs.encode(pair, args.prompt)
    context = pair.target.config.context if pair.target.config else math.inf
    if len(prompt) + args.max_new > context:
        raise BadInput(f"the prompt has {len(prompt)} tokens and {args.max_new} are to follow, but {pair.name} reads at most {context}: "
                       "shorten the prompt or take a smaller --max-new")
    done = [one(args, mode, pair, prompt, two_cores) for mode in modes]
    report(done)
    if args.timeline:
        draw(done, Path(args.timeline))
    return 0


def spec_of(args: argparse.Namespace, mode: str) -> "Spec":
    from projects.ssd.engine import Spec

    fanout = args.fanout if args.fanout in ("auto", "uniform", "geometric") else tuple(int(word) for word in args.fanout.split(","))
    lookahead = "auto" if args.lookahead == "auto" else int(args.lookahead)
    return Spec(mode, lookahead, args.budget, fanout, backup=args.backup)


def one(args: argparse.Namespace, mode: str, pair: "Pair", prompt: list[int], two_cores: bool) -> Done:
    """Generates once, printing the text as it comes. What has to be compiled is compiled before."""
    from projects.ssd.engine import Engine, Sampling
    from projects.ssd.stream import Detokenizer

    placement = args.placement if mode == "ssd" else "inprocess"  # AR and SD have one device
    spec = spec_of(args, mode if two_cores or mode != "ssd" else "sd")
    stream = Detokenizer(pair.tokenizer)

    def show(_: int, tokens: list[int]) -> None:
        print(stream.add(tokens), end="", flush=True)

    with Engine(pair, spec, 1, len(prompt) + max(args.max_new, WARM_UP), placement) as engine:
        warm_up = args.max_new if args.mode == "compare" else WARM_UP
        engine.generate([prompt], Sampling(args.temperature, args.seed, warm_up, ignore_eos=True))
        if args.mode == "compare":
            say(f"-- {NAMES[mode]}")
        result = engine.generate([prompt], Sampling(args.temperature, args.seed, args.max_new), show)
    print(stream.finish(), flush=True)
    return Done(mode, result.tokens[0], result.rounds, result.rounds.summary())


def report(done: list[Done]) -> None:
    """Speed, and what it comes from, on stderr."""
    from rich.console import Console
    from rich.table import Table

    from projects.ssd.timeline import beside, text

    table = Table()
    for column in ("mode", "tokens/s", "tokens/round", "accepted", "hits", "ms/round", "against " + NAMES[done[0].mode]):
        table.add_column(column, justify="left" if column == "mode" else "right")
    first = done[0].numbers["tok_s_decode"]
    for run in done:
        found = run.numbers
        share = lambda name, found=found: f"{found[name]:.0%}" if run.mode != "ar" and name in found else ""  # noqa: B023, E731
        table.add_row(
            NAMES[run.mode], f"{found['tok_s_decode']:.1f}", f"{found['tok_round']:.2f}", share("frac_accepted"),
            share("p_hit") if run.mode == "ssd" else "", f"{found['T_round_ms']:.1f}", f"{found['tok_s_decode'] / first:.2f} x",
        )  # fmt: skip
    console = Console(stderr=True)
    console.print(table)
    if len(done) > 1:
        same = all(run.tokens == done[0].tokens for run in done)
        say("all three texts are the same" if same else "the texts differ (above temperature 0 only their distribution is the same)")
    kept = [run for run in done if run.mode != "ar"]
    if kept:
        say(text(beside({NAMES[run.mode]: run.rounds.columns() for run in kept}, ROUNDS)))


def draw(done: list[Done], path: Path) -> None:
    """The timeline as a picture. BadInput when it cannot be written."""
    from projects.ssd.timeline import beside, picture

    kept = [run for run in done if run.mode != "ar"] or done
    try:
        picture(beside({NAMES[run.mode]: run.rounds.columns() for run in kept}, ROUNDS)).savefig(path, dpi=150)
    except OSError as error:
        raise BadInput(f"--timeline {path} cannot be written ({error.strerror}): name another file") from None
    say(f"timeline: {path}")


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
