"""The headline: the limit of every recipe, each below the one before.

    python -m launch figure infinite_compute/fig1 --scale=cpu --run-missing

Standard, regularised (N -> infinity), ensemble (K -> infinity), joint (both), against the total parameter count;
the right axis is data efficiency, by inverting the standard recipe's law in D.
Runs and FLOPs: cpu 123, 2e14; gpu 38, 1e17; paper 110, 1e21.
Expect standard > regularised > ensemble > joint.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute import recipes
from configs.infinite_compute.base import cost, get_config, needs, resolve
from configs.sweeps import Overrides, chain

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per logged number of members


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return chain(
        recipes.standard(config),
        recipes.regularised(config),
        recipes.ensembles_of_headline(config),
        recipes.joint(config),
        recipes.standard_by_data(config),
    )
