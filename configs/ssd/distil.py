"""A draft: distilled on what the target writes, towards the target's distribution.

    python -m launch run ssd/distil --config.pair.role=weak

Cost: cpu 4e13 FLOPs (10 to 15 minutes on two cores) besides the target and its samples; smoke seconds.
"""

from ml_collections import ConfigDict

from configs.ssd import base
from configs.ssd.base import cost, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "distil"
    return config
