"""The networks of Figure 1(f), three seeds of every width: one program over a member axis, or one step of each in turn.

    python -m bench widths

Both sides live in this process, take the same batches and take turns; milliseconds are medians per step of all three.
"""

import statistics
import time
from collections.abc import Callable

import jax
import numpy as np
from ml_collections import ConfigDict

from bench import _table
from configs.generalization import widths
from projects.generalization.problem import Problem, problem
from projects.generalization.train import task
from shared.errors import BadInput
from shared.fit import build

SEEDS = (0, 1, 2)
WIDTHS = (2, 16, 64, 256)
ROUNDS, STEPS = 7, 100


def main() -> None:
    try:
        _table.title("width", "parameters", "one pack of 3", "3 runs in turn", "")
        for width in WIDTHS:
            compare(configured(width))
    except BadInput as error:
        print(f"left out: {error}")


def configured(width: int) -> ConfigDict:
    config = widths.get_config("cpu")
    config.classifier.width = width
    return widths.resolve(config)


def compare(config: ConfigDict) -> None:
    one = problem(config)
    pack, turns = [stepper(config, one, SEEDS)], [stepper(config, one, (seed,)) for seed in SEEDS]
    times: dict[str, list[float]] = {"pack": [], "turns": []}
    for _ in range(ROUNDS):
        for name, side in (("pack", pack), ("turns", turns)):
            times[name] += [timed(side) for _ in range(STEPS)]
    ours, others = (statistics.median(times[name]) * 1e3 for name in ("pack", "turns"))
    _table.row(config.classifier.width, f"{one.size:,}", f"{ours:.2f} ms", f"{others:.2f} ms", f"{others / ours:.2f} x")


def timed(steppers: list[Callable[[], None]]) -> float:
    began = time.perf_counter()
    for step in steppers:
        step()
    return time.perf_counter() - began


def stepper(config: ConfigDict, one: Problem, seeds: tuple[int, ...]) -> Callable[[], None]:
    """Makes one step of all these seeds and waits for it, the first few already made."""
    work, hyper, count = task(config.train, one, seeds), {"seed": np.array(seeds, np.int32)}, 0
    init, step = build(work, 1)
    state, advance = jax.jit(init)(hyper), jax.jit(step, donate_argnums=0)

    def once() -> None:
        nonlocal state, count
        state, _ = advance(state, work.batch(count), hyper)
        jax.block_until_ready(state)
        count += 1

    for _ in range(5):
        once()
    return once


if __name__ == "__main__":
    main()
