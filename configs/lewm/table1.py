"""Table 1: what can be read from latents of Push-T: the agent's place, the block's place and angle.

    python -m launch figure lewm/table1 --run-missing

Cost: cpu a minute per model; the models are those of Figure 6.
Expect the places to be read almost exactly by an MLP, the angle with more difficulty; LeWM ahead of PLDM with the linear probe.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.lewm import base, studies
from configs.lewm.base import cost, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "probe"
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return studies.trained(config.scale, "pusht", "lewm", "pldm")
