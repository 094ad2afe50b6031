"""Episodes that a policy plays in an environment: states and actions, drawn when they are used.

    python -m launch run lewm/collect --config.env.name=pusht

Cost: seconds to minutes.
"""

from ml_collections import ConfigDict

from configs.lewm import base
from configs.lewm.base import cost, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "collect"
    return config
