"""Trajectories: a strongly decayed run trails during most of training and wins in the decay of the learning rate.

    python -m launch figure infinite_compute/fig14 --scale=cpu --run-missing

Runs and FLOPs: cpu 7, 5e12; gpu 3, 6e15; paper 3, 2e19.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute import recipes
from configs.infinite_compute.base import cost, get_config, needs, resolve
from configs.infinite_compute.tuned import STANDARD_DECAY
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per evaluation


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    """The two tuned recipes, as in the paper, and weak decay on the longer of the two schedules."""
    model = recipes.scope(config).headline
    lr, epochs, _ = point = recipes.tuned(config, model)
    for tuned in (recipes.tuned_standard(config, model), point):
        yield from recipes.seeded(config, recipes.run(config, model, tuned))
    yield recipes.run(config, model, (lr, epochs, STANDARD_DECAY))
