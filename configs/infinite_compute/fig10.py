"""Downstream: lower loss is higher accuracy, on a multiple-choice probe built from held-out text (and table 5).

    python -m launch figure infinite_compute/fig10 --scale=cpu --run-missing

The probe (choose the true continuation among 4, chance 25%) stands in for benchmarks and is none of them. No
further runs.
Runs and FLOPs: cpu 55, 9e13; gpu 26, 1e17; paper 43, 6e20.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute import recipes
from configs.infinite_compute.base import cost, get_config, needs, resolve
from configs.sweeps import Overrides, chain

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per logged number of members


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return chain(
        recipes.standard_tuned(config),
        recipes.regularised_tuned(config),
        recipes.joint(config),
        recipes.students(config),
    )
