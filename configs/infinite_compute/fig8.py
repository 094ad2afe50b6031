"""The joint recipe nested at every D: K -> infinity for each model, then N -> infinity, then a law in D.

    python -m launch figure infinite_compute/fig8 --scale=cpu --run-missing

The ensembles of figures 6 and 7.
Runs and FLOPs: cpu 61, 6e13; gpu 16, 7e16; paper 99, 7e21.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute import recipes
from configs.infinite_compute.base import cost, get_config, needs, resolve
from configs.sweeps import Overrides, chain

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per logged number of members


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return chain(recipes.joint(config), recipes.joint_by_data(config))
