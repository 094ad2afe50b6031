"""The best member is not the best single model: epochs x weight decay for one model and for K -> infinity.

    python -m launch figure infinite_compute/fig5 --scale=cpu --run-missing

Runs and FLOPs: cpu 36, 3e13; gpu 24, 7e16; paper 96, 9e20.
Expect the minimum to move towards more epochs and less decay.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute import recipes
from configs.infinite_compute.base import cost, get_config, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per logged number of members


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    yield from recipes.heatmap(config, recipes.scope(config).headline)
