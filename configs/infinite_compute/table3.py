"""Distillation from the ensemble: share of synthetic text x weight decay, and two ways of sampling.

    python -m launch figure infinite_compute/table3 --scale=cpu --run-missing

Runs and FLOPs: cpu 16, 3e13; gpu 11, 5e16; paper 25, 6e20.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute import recipes
from configs.infinite_compute.base import cost, get_config, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per logged number of members


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    scope = recipes.scope(config)
    members = scope.members[scope.headline]
    yield from recipes.yardsticks(config)
    for weight in scope.mixtures:
        yield recipes.student(config, weight, members)
    for weight in scope.mixtures if config.scale == "paper" else scope.mixtures[:1]:
        for decay in scope.student_decays:
            yield recipes.student(config, weight, members, decay)
    yield recipes.student(config, scope.mixtures[0], members, teacher="logits")
