"""A process that generates in turns: told a mode and prompts, it answers with the records of every round.

    python -m projects.ssd.turns JOB.json      # then one JSON line in, one JSON line out

A measurement interleaves turns of several such processes, each pinned before jax counts the cores: what one core gives can
be compared with what two give only if each lives in a process of its own.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from projects.ssd.pairs import Pair

ROOT = Path(__file__).resolve().parents[2]
WARM_UP = 24  # tokens per prompt that are generated before anything is timed: every program is compiled then
SAME_K = "same_k"  # SD at the lookahead of SSD: what a verification takes while no draft is at work


class Turns:
    """In this process. `told`: sections spec, prompts, sampling and bench of a measurement's config."""

    def __init__(self, pair: "Pair", told: dict[str, Any]):
        self.pair, self.told, self.engines = pair, told, {}

    def __enter__(self) -> "Turns":
        return self

    def __exit__(self, *_: Any) -> None:
        for engine in self.engines.values():
            engine.close()

    def take(self, mode: str, prompts: list[list[int]], seed: int) -> dict[str, Any]:
        """Generates; returns the columns of the round records, and how many programs had to be compiled on the way (none, hopefully)."""
        from projects.ssd.engine import Sampling

        c = self.told
        sampling = Sampling(c["sampling"]["temperature"], seed, c["prompts"]["new"], ignore_eos=True)
        engine = self.engines.get(mode) or self.start(mode, prompts, sampling)
        before = engine.compiles()
        done = engine.generate(prompts, sampling)
        columns = {name: column.tolist() for name, column in done.rounds.columns().items()}
        return {"columns": columns, "tokens": done.tokens, "compiles": engine.compiles() - before}

    def start(self, mode: str, prompts: list[list[int]], sampling: Any) -> Any:
        """The engine of a mode, warm."""
        from dataclasses import replace

        from projects.ssd.engine import Engine, Spec

        c, kind = self.told["spec"], mode.split("_")[0]
        lookahead = (c["sd_lookahead"] or c["lookahead"]) if kind == "sd" else c["lookahead"]
        spec = Spec(
            "sd" if mode == SAME_K else kind, lookahead, c["budget"], c["fanout"], acceptance=c["acceptance"], exponent=c["exponent"],
            saguaro=c["saguaro"], backup=c["backup"],
        )  # fmt: skip
        bench, longest = self.told["bench"], self.told["prompts"]["length"] + self.told["prompts"]["new"]
        placement = bench["placement"] if mode == "ssd" else "inprocess"  # SD and AR have one device
        engine = self.engines[mode] = Engine(self.pair, spec, bench["batch"], longest, placement)
        engine.generate(prompts[: bench["batch"]], replace(sampling, max_new=min(WARM_UP, sampling.max_new)))
        return engine


class Elsewhere:
    """The same in a process of its own: on the target's half of the cores (`apart`), or on all of them."""

    def __init__(self, draft: str, told: dict[str, Any], apart: bool, job: Path):
        job.write_text(json.dumps({"draft": draft, "told": told, "apart": apart}), encoding="utf-8")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "projects.ssd.turns", str(job)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> "Elsewhere":
        return self

    def __exit__(self, *_: Any) -> None:
        self.process.stdin.close()  # it leaves by itself at the end of its input
        self.process.stdout.close()
        self.process.wait()

    def take(self, mode: str, prompts: list[list[int]], seed: int) -> dict[str, Any]:
        print(json.dumps({"mode": mode, "prompts": prompts, "seed": seed}), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process that generates ended with {self.process.wait()}: its own lines in the log say why")
        return json.loads(line)


def main(job: str) -> None:
    from projects.ssd import startup

    told = json.loads(Path(job).read_text(encoding="utf-8"))
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print must not get between the answers
    if told["apart"]:
        startup.keep_apart()
    startup.start_jax()
    from projects.ssd import pairs

    with Turns(pairs.load(told["draft"]), told["told"]) as turns:
        for line in sys.stdin:
            print(json.dumps(turns.take(**json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
