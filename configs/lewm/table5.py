"""Table 5: how much success varies between trainings that differ in their seed.

    python -m launch figure lewm/table5 --run-missing

Cost: cpu two more seeds of the TwoRoom models of Figure 6, 10 minutes a model on two cores; gpu and paper: Push-T.
Expect LeWM's seeds within a few points of each other.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.lewm import base, studies
from configs.lewm.base import cost, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "plan"
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    environment = "tworoom" if config.scale in ("smoke", "cpu") else "pusht"
    return studies.trained(config.scale, environment, "lewm", "pldm")
