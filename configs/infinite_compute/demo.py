"""The three recipes in two minutes on two cores: standard, regularised and ensemble, on real text.

    make demo

D = 32,768 tokens, one model of 0.1 million parameters, 16 epochs; weight decay 0.1 and 1.6, four seeds each, trained as one packed
sweep (3e12 FLOPs), then two ensembles of what was trained. Expect the regularised models about 0.2 nats below the
standard ones, and their ensemble another 0.1 below with an excess that falls as 1/K.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute import base
from configs.infinite_compute.base import cost, needs, resolve
from configs.sweeps import Overrides, chain, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per logged number of members
DECAYS = (0.1, 1.6)


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    if scale == "cpu":
        config.model.name = "toy"
        config.data.tokens = 32_768
        config.optim.lr = 6e-3  # where the effect was first measured at this size
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    seeds = range(2 if config.scale == "smoke" else 4)
    decays = [{"optim.weight_decay": decay} for decay in DECAYS]
    members = product(decays, [{"seed": seed, "data.seed": seed} for seed in seeds])
    ensembles = product(decays, [{"entry": "ensemble", "ensemble.members": len(seeds)}])
    return chain(members, ensembles)
