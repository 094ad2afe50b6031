"""Ensembles: the loss falls as 1/K towards an asymptote below the one that parameters reach.

    python -m launch figure infinite_compute/fig4 --scale=cpu --run-missing

One model size, K = 1, 2, ... members, with the hypers of the best single model and with member hypers (twice the
epochs, half the decay).
Runs and FLOPs: cpu 13, 2e13; gpu 12, 4e16; paper 15, 1e20.
Expect the member hypers to lose at K = 1 and to win at the asymptote.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute import recipes
from configs.infinite_compute.base import cost, get_config, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per logged number of members


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    yield from recipes.ensembles_of_headline(config)
