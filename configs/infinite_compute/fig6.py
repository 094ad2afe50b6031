"""Joint scaling: for every model the loss at K -> infinity, then its limit in N.

    python -m launch figure infinite_compute/fig6 --scale=cpu --run-missing

Runs and FLOPs: cpu 37, 7e13; gpu 19, 8e16; paper 31, 4e20.
Expect the double limit below each single limit.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute import recipes
from configs.infinite_compute.base import cost, get_config, needs, resolve
from configs.sweeps import Overrides, chain

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per logged number of members


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    yield from chain(recipes.regularised_tuned(config), recipes.joint(config))
