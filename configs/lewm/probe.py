"""What can be read from the latents of a trained model: linear and MLP probes, and the shape of their cloud.

    python -m launch run lewm/probe --config.env.name=pusht

Cost: cpu a minute once the model is trained.
"""

from ml_collections import ConfigDict

from configs.lewm import base
from configs.lewm.base import cost, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "probe"
    return config
