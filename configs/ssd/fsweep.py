"""The budget: uniform and geometric fan-out, more and more branches.

    python -m launch figure ssd/fsweep --run-missing

Cost: cpu 8 runs of a minute, one after the other.
Expect the hit rate rises with every branch; the speed does until the cache takes longer than the verification.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.ssd import measure
from configs.ssd.base import cost, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per repeat


def get_config(scale: str) -> ConfigDict:
    return measure.timed(scale, "sd", "ssd")


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    width = config.spec.lookahead + 1
    budgets = [{"spec.budget": times * width} for times in ((1, 2, 3, 4) if config.scale != "smoke" else (1, 2))]
    return product(budgets, [{"spec.fanout": fanout} for fanout in ("uniform", "geometric")])
