"""A network with as many parameters as asked for, trained on labels of which a share is altered.

    python -m launch data fashion_mnist
    python -m launch run generalization/train --config.train.altered=0.4

Cost: cpu a minute or two of one core; smoke seconds.
"""

from ml_collections import ConfigDict

from configs.generalization import base
from configs.generalization.base import cost, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "train"
    return config
