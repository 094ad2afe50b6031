"""Text from a prompt, at the speed that speculation gives, with the reasons for it.

    python -m projects.ssd.generate --prompt "What is the sea?" --pair smollm2 --mode compare

The text goes to stdout as it is made, everything about it to stderr. exit codes: 0 done, 1 it went wrong, 2 bad input.
"""

import argparse
import math
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from projects.ssd import cores
from shared.allocator import keep_memory
from shared.data import cache
from shared.errors import BadInput

if TYPE_CHECKING:
    from projects.ssd.engine import Rounds, Spec
    from projects.ssd.pairs import Pair

MODES = ("ar", "sd", "ssd")
NAMES = {"ar": "AR", "sd": "SD", "ssd": "SSD"}
ROUNDS = 6  # of a timeline
WARM_UP = 8  # tokens generated beforehand: every program is compiled then, a miss included


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
        say(f"error: {error}")
        return 2
    except KeyboardInterrupt:
        say("\nstopped")
        return 1


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser("python -m projects.ssd.generate", description=__doc__.split("\n")[0],
                                  epilog="exit codes: 0 done, 1 it went wrong, 2 bad input")  # fmt: skip
    top.add_argument("--prompt", required=True, metavar="TEXT")
    top.add_argument("--pair", default="draft", metavar="NAME", help="draft (default) or weak: the target trained here with that draft; "
                     "smollm2; or the id of a draft's run")  # fmt: skip
    top.add_argument("--mode", default="ssd", choices=(*MODES, "compare"), help="default ssd; compare: all three, one after the other")
    top.add_argument("--max-new", type=int, default=128, metavar="N", help="tokens at most (default 128)")
    top.add_argument("--temperature", type=float, default=0.0, metavar="T", help="0 (default) is greedy")
    top.add_argument("--seed", type=int, default=0)
    top.add_argument("--lookahead", default="auto", metavar="K", help="tokens per speculation, or auto (default)")
    top.add_argument("--budget", type=int, default=8, metavar="M", help="outcomes prepared for during a verification (default 8)")
    top.add_argument("--fanout", default="auto", metavar="F", help="auto (default), uniform, geometric, or K+1 numbers as 3,2,1,2")
    top.add_argument("--backup", default="auto", choices=("auto", "neural", "ngram", "random"), help="what drafts after a miss")
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
    if args.lookahead != "auto" and not (args.lookahead.isdecimal() and int(args.lookahead) > 0):
        raise BadInput(f"--lookahead {args.lookahead}: take auto or a whole number of at least 1")
    if args.budget < 1:
        raise BadInput(f"--budget {args.budget}: take at least 1")
    if args.fanout not in ("auto", "uniform", "geometric") and not all(word.isdecimal() for word in args.fanout.split(",")):
        raise BadInput(f"--fanout {args.fanout}: take auto, uniform, geometric, or numbers as 3,2,1,2")
    if args.timeline and not args.timeline.endswith((".png", ".svg", ".pdf")):
        raise BadInput(f"--timeline {args.timeline}: give a name that ends in .png, .svg or .pdf")
