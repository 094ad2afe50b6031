"""Self-distillation: its teacher, one part real to one part synthetic, mostly synthetic, and no real data at all
(there the decay is swept too).

    python -m launch figure infinite_compute/table4 --scale=cpu --run-missing

Runs and FLOPs: cpu 15, 2e13; gpu 10, 4e16; paper 18, 3e20.
Expect every student with real data to beat the teacher, and collapse without.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute import recipes
from configs.infinite_compute.base import cost, get_config, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per logged number of members


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    yield from recipes.yardsticks(config)
    for weight in recipes.scope(config).mixtures:
        yield recipes.student(config, weight, 1)
    for decay in recipes.scope(config).student_decays:
        yield recipes.student(config, 1.0, 1, decay)
