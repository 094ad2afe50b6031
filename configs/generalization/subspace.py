"""A network trained within a random subspace of its parameters.

    python -m launch run generalization/subspace --config.subspace.dimension=484

Cost: cpu two minutes on two cores; smoke seconds.
"""

from ml_collections import ConfigDict

from configs.generalization import base
from configs.generalization.base import cost, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "subspace"
    return config
