"""Table 4: what can be read from latents of the cube: the arm, the gripper, the block.

    python -m launch figure lewm/table4 --run-missing

Wants the package ogbench, whose pictures come from a simulator.

Cost: cpu hours in software rendering, and too few pictures to learn much; gpu minutes.
Expect places to be read well, the yaw of gripper and block not at all.
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
    return studies.trained(config.scale, "cube", "lewm", "pldm")
