"""K independently trained models whose averaged logits predict: losses for 1..K members, memory that does not grow with K.

The training fields say how its members are trained; the members are ordinary `train` runs, seeds 0..K-1.

    python -m launch run infinite_compute/ensemble --scale=smoke

Cost: one forward pass per member over validation and test; the members cost K times one `train` run.
"""

from ml_collections import ConfigDict

from configs.infinite_compute import base
from configs.infinite_compute.base import cost, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "ensemble"
    config.ensemble.members = 2 if scale == "smoke" else 5
    return config
