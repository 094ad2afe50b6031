"""Table 3: the agent's place read from latents of TwoRoom.

    python -m launch figure lewm/table3 --run-missing

Cost: cpu a minute per model; the models are those of Table 5.
Expect both models to tell it almost exactly.
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
    return studies.trained(config.scale, "tworoom", "lewm", "pldm")
