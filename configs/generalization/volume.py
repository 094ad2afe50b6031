"""Flat minima are large: the volume of the basin around networks that learned two spirals, and around poisoned ones (Huang et al., 2020).

    python -m launch figure generalization/volume --run-missing

Expect no training errors of either, thousands of orders of magnitude between their volumes, and the test errors to go with them. The
poisoned ones are shown points with the wrong label as well, at half the weight of the others.

Cost: cpu three networks of each kind, trained as one program in some minutes of one core, and a minute for each basin; no data set.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.generalization import base
from configs.generalization.base import cost, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "volume"
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    kinds = [{"spirals.beta": beta} for beta in (0.0, 0.5)]
    return product(kinds, [{"seed": seed} for seed in range(1 if config.scale == "smoke" else 3)])
