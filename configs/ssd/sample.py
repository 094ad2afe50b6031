"""What the target writes when prompted with its own training text, half greedy, half at temperature 1: the drafts' training data.

    python -m launch run ssd/sample

Cost: 2 N FLOPs per token (cpu: 8e12, some minutes).
"""

from ml_collections import ConfigDict

from configs.ssd import base
from configs.ssd.base import cost, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "sample"
    return config
