"""Standard practice overfits: at weight decay 0.1 more epochs, and then more parameters, stop helping.

    python -m launch figure infinite_compute/fig2 --scale=cpu --run-missing

Left: the headline model, epoch by epoch, all at the rate tuned at the tuned epochs (the paper tunes it for every number of
epochs, which flattens the ends of the U). Middle: the best loss of each model.
Runs and FLOPs: cpu 31, 3e13; gpu 8, 1e16; paper 25, 2e20.
Expect a U in epochs, and no gain from the largest model.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute import recipes
from configs.infinite_compute.base import cost, get_config, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    yield from recipes.standard(config)
