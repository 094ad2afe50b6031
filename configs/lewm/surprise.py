"""Violation of expectation: is a trained model surprised when something teleports, or changes its colour?

    python -m launch run lewm/surprise

Cost: cpu a minute once the model is trained.
"""

from ml_collections import ConfigDict

from configs.lewm import base
from configs.lewm.base import cost, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "surprise"
    return config
