"""A decoder for the latents of a trained model, and what the model imagines, drawn with it.

    python -m launch run lewm/imagine

Cost: cpu some minutes once the model is trained.
"""

from ml_collections import ConfigDict

from configs.lewm import base
from configs.lewm.base import cost, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "imagine"
    return config
