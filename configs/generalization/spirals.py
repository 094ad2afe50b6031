"""A network that tells two spirals apart, or with spirals.beta above 0 one that is right on the training points alone.

    python -m launch run generalization/spirals --config.spirals.beta=0.5

Cost: cpu two minutes of one core; smoke seconds; no data set.
"""

from ml_collections import ConfigDict

from configs.generalization import base
from configs.generalization.base import cost, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "spirals"
    return config
