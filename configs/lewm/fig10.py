"""Fig. 10: violation of expectation: LeWM is surprised when something teleports, less so when it changes its colour.

    python -m launch figure lewm/fig10 --run-missing

Cost: cpu a minute per environment; the models are those of Figure 6.
Expect a spike at the very frame of the teleport, p < 0.01 over 100 trajectories.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.lewm import base, studies
from configs.lewm.base import cost, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "surprise"
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return studies.first(config.scale, "lewm")
