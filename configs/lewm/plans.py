"""Plans drawn over the room: where LeWM went in TwoRoom, from start to goal.

    python -m launch figure lewm/plans --run-missing

Cost: cpu nothing besides Figure 6, one of whose models it is.
Expect paths that go through the door.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.lewm import base
from configs.lewm.base import cost, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "plan"
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return iter([{}])
