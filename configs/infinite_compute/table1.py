"""Continued pre-training on a second domain: small batches, more epochs, then K members, and soups.

    python -m launch figure infinite_compute/table1 --scale=cpu --run-missing

The paper continues Llama-3.2-3B on mathematics; every scale here continues its own regularised model, on speeches
(cpu, gpu).
Runs and FLOPs: cpu 13, 2e12; gpu 9, 4e15; paper 14, 3e20.
Expect each step to help; members share their starting point, so a soup works about as well as an ensemble.
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
    default, small = scope.second_batches
    for batch_size, epochs in ((default, 1), (small, 1), (small, 4)):
        yield from recipes.seeded(config, recipes.continued(config, batch_size, epochs))
    for combine in ("logits", "weights"):
        yield {
            **recipes.continued(config, small, 4),
            "entry": "ensemble",
            "ensemble.members": scope.second_members,
            "ensemble.combine": combine,
        }
