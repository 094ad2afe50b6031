"""A planner distilled into an MLP, which learns to do at once what the planner would do on states of its data.

    python -m launch run dmpc/distil
    python -m launch run dmpc/evaluate --config.evaluate.distilled=true

The second line runs the first one if it has to, and lets the MLP act. It takes the fields of any planner.

Cost: cpu three minutes once the planner's parts are trained.
"""

from ml_collections import ConfigDict

from configs.dmpc import base
from configs.dmpc.base import cost, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "distil"
    return config
