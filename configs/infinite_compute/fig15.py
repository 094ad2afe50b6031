"""Companion of figure 2: while the validation loss turns up with epochs, the training loss keeps falling.

    python -m launch figure infinite_compute/fig15 --scale=cpu --run-missing

The runs of figure 2, left.
Runs and FLOPs: cpu 6, 4e12; gpu 3, 4e15; paper 8, 1e20.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute import recipes
from configs.infinite_compute.base import cost, get_config, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    yield from recipes.epoch_curve(config)
