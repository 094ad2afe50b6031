"""Batch size at equal tokens: one epoch, weight decay 0.1, the headline model. Smaller is better.

    python -m launch figure infinite_compute/fig13a --scale=cpu --run-missing

Runs and FLOPs: cpu 12, 7e11; gpu 3, 4e14; paper 4, 2e18.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute import recipes
from configs.infinite_compute.base import cost, get_config, needs, resolve
from configs.infinite_compute.tuned import STANDARD_DECAY
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    scope = recipes.scope(config)
    run = recipes.run(config, scope.headline, (scope.batch_rate, 1, STANDARD_DECAY))
    for batch_size in scope.batch_sizes:
        yield from recipes.seeded(config, {**run, "train.batch_size": batch_size})
