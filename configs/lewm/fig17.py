"""Fig. 17: the paths of latents straighten as training goes on, LeWM's more than PLDM's, though nothing asks them to.

    python -m launch figure lewm/fig17 --run-missing

Cost: cpu nothing besides Figure 6, whose models they are.
Expect the cosine between successive steps to rise, and LeWM's above PLDM's.
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
    return studies.everywhere(config.scale, "lewm", "pldm")
