"""How far the asymptotes move: the N-law refitted on each seed, the K-law on the first half of the members.

    python -m launch figure infinite_compute/fig20 --scale=cpu --run-missing

Also predicts the largest model from a law fitted on the others (the rebuttal's check: at paper scale a 3.2B model, the only
further run).
Runs and FLOPs: cpu 22, 4e13; gpu 14, 4e16; paper 20, 2e20.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute import recipes
from configs.infinite_compute.base import cost, get_config, needs, resolve
from configs.sweeps import Overrides, chain

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per logged number of members


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return chain(recipes.regularised_tuned(config), recipes.extrapolated(config), recipes.ensembles_of_headline(config))
