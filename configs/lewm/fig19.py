"""Fig. 19: PLDM's seven losses during training.

    python -m launch figure lewm/fig19 --run-missing

Cost: cpu nothing besides Figure 6, whose models they are.
Expect seven curves that do not all fall, and more noise than LeWM's two.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.lewm import base, studies
from configs.lewm.base import cost, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per evaluation


def get_config(scale: str) -> ConfigDict:
    return base.get_config(scale)


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return studies.everywhere(config.scale, "pldm")
