"""Data scaling: the asymptote of every recipe at several D, and a power law in D for each.

    python -m launch figure infinite_compute/fig7 --scale=cpu --run-missing

Runs and FLOPs: cpu 161, 1e14; gpu 27, 9e16; paper 187, 1e22.
The standard recipe has larger D of its own, so that data efficiency is read inside its law's range. A limit that its points
do not determine is drawn hollow, as the best measured loss, and stays out of the law.
Expect near-parallel laws: each recipe is worth a constant factor of data.
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
        recipes.standard(config),
        recipes.regularised_tuned(config),
        recipes.joint(config),
        recipes.standard_by_data(config),
        recipes.regularised_by_data(config),
        recipes.joint_by_data(config),
    )
