"""Fig. 18: LeWM's two losses during training.

    python -m launch figure lewm/fig18 --run-missing

Cost: cpu nothing besides Figure 6, whose models they are.
Expect the prediction error to fall smoothly, SIGReg to drop at once and then to stay.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.lewm import base, studies
from configs.lewm.base import cost, needs, resolve
from configs.sweeps import Overrides, chain

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per evaluation


def get_config(scale: str) -> ConfigDict:
    return base.get_config(scale)


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return chain(*(studies.trained(config.scale, name, "lewm") for name in studies.environments(config.scale)))
