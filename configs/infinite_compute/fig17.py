"""Every ensemble heatmap: figure 5 for the other models too.

    python -m launch figure infinite_compute/fig17 --scale=cpu --run-missing

The smaller scales show the cells that other figures already have.
Runs and FLOPs: cpu 85, 1e14; gpu 41, 1e17; paper 416, 5e21.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute import recipes
from configs.infinite_compute.base import cost, get_config, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per logged number of members


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    yield from recipes.regularised(config)
    yield from recipes.joint(config)
    for model in (recipes.scope(config).headline, *recipes.scope(config).second_heatmap):
        yield from recipes.heatmap(config, model)
