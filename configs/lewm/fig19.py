"""Fig. 19: PLDM's seven losses during training.

    python -m launch figure lewm/fig19 --run-missing

Cost: cpu nothing besides Figure 6, whose models they are.
Expect seven curves that do not all fall, and more noise than LeWM's two.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.lewm import base, studies
from configs.lewm.base import cost, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per evaluation


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.loss.kind = "pldm"
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    places = [studies.trained_on(environment, config.scale) for environment in studies.environments(config.scale)]
    return product(places, studies.seeds(config.scale))
