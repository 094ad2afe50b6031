"""Distillation: one model keeps most of the ensemble's gain, and self-distillation beats its own teacher.

    python -m launch figure infinite_compute/fig9 --scale=cpu --run-missing

Students have the teacher's size, fresh weights, the same real passes, and synthetic text mixed in.
Runs and FLOPs: cpu 16, 3e13; gpu 11, 5e16; paper 18, 3e20.
Expect both students below the best single model, the distilled one keeping 50 to 100% of the ensemble's gain.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute import recipes
from configs.infinite_compute.base import cost, get_config, needs, resolve
from configs.sweeps import Overrides, chain

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per logged number of members


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return chain(recipes.yardsticks(config), recipes.students(config))
