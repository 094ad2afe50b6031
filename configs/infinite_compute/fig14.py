"""Trajectories: a strongly decayed run trails during most of training and wins in the decay of the learning rate.

    python -m launch figure infinite_compute/fig14 --scale=cpu --run-missing

Runs and FLOPs: cpu 6, 4e12; gpu 2, 4e15; paper 2, 9e18.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute import recipes
from configs.infinite_compute.base import cost, get_config, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per evaluation


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    model = recipes.scope(config).headline
    for point in (recipes.tuned_standard(config, model), recipes.tuned(config, model)):
        yield from recipes.seeded(config, recipes.run(config, model, point))
