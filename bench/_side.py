"""Both ends of a process that lives beside others and is timed when its turn comes: `Side` asks, `serve` answers.

The first line of a process is a JSON object that says what it is; then each line it reads is a number of steps, each line it writes the
list of their durations in seconds.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
ROUNDS, SECONDS, LEAST = 5, 0.5, 3  # every side is asked ROUNDS times for about SECONDS of steps, but for LEAST at least


class Side:
    """A process that answers a number of steps with the seconds each took. `steps` of a turn: None takes as many as fit."""

    def __init__(self, command: Sequence[str], steps: int | None = None):
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.steps, self.times, self.about = steps, [], {}

    def ask(self, steps: int) -> list[float]:
        print(steps, file=self.process.stdin, flush=True)
        return self.answer()

    def answer(self) -> Any:
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{' '.join(map(str, self.process.args[:4]))} ... has ended: its own lines above say why")
        return json.loads(line)

    @property
    def ms(self) -> float:
        return statistics.median(self.times) * 1e3

    def __enter__(self) -> "Side":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait()


def measure(sides: Sequence[Side], rounds: int = ROUNDS) -> None:
    """Takes the times of all sides, in turns, and ends them."""
    with ExitStack() as stack:
        for side in sides:
            stack.enter_context(side)
        take_turns(sides, rounds)


def take_turns(sides: Sequence[Side], rounds: int = ROUNDS) -> None:
    """All warm up at once; then a busy machine troubles all of them alike."""
    for side in sides:
        side.about = side.answer()
    for side in sides:
        side.steps = side.steps or max(LEAST, round(SECONDS / statistics.median(side.ask(LEAST))))
    for _ in range(rounds):
        for side in sides:
            side.times += side.ask(side.steps)


def serve(timed: Callable[[], float], warm: int = 5, **about: Any) -> None:
    """Answers until nobody asks any more. timed() makes one step and returns its seconds; the first `warm` ones are not told."""
    for _ in range(warm):
        timed()
    print(json.dumps(about), flush=True)
    for line in sys.stdin:
        print(json.dumps([timed() for _ in range(int(line))]), flush=True)
