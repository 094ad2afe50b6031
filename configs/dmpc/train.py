"""One part of a planner, trained on a data set: D-MPC's proposal, dynamics or value, or what may stand in for them.

    python -m launch run dmpc/train --config.env.name=walker2d --config.train.part=dynamics --config.model.dynamics=single_mlp

Cost: cpu up to eight minutes of a core a part; smoke seconds.
"""

from ml_collections import ConfigDict

from configs.dmpc import base
from configs.dmpc.base import cost, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "train"
    return config
