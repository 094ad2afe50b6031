"""What has to differ between members: initial weights, data order, or both.

    python -m launch figure infinite_compute/fig16 --scale=cpu --run-missing

Runs and FLOPs: cpu 13, 1e13; gpu 13, 2e16; paper 16, 8e19.
Expect three nearly identical curves.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute import recipes
from configs.infinite_compute.base import cost, get_config, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per logged number of members


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    model = recipes.scope(config).headline
    for vary in ("both", "init", "data"):
        yield recipes.ensemble(config, model, recipes.tuned(config, model), recipes.scope(config).vary_members, vary=vary)
