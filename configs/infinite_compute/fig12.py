"""The tuned hyper-parameters against N and D.

    python -m launch figure infinite_compute/fig12 --scale=cpu --run-missing

The best run of each model and D among those of figures 3 and 7.
Runs and FLOPs: cpu 63, 8e13; gpu 9, 3e16; paper 64, 2e21.
Expect more decay for larger models and for less data.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute import recipes
from configs.infinite_compute.base import cost, get_config, needs, resolve
from configs.sweeps import Overrides, chain

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return chain(recipes.regularised(config), recipes.regularised_by_data(config))
