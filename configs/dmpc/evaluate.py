"""What the planner reaches: episodes in which every action is the first of the best of N sampled plans.

    python -m launch run dmpc/evaluate --config.plan.candidates=1
    python -m launch run dmpc/evaluate --config.env.name=walker2d --config.objective.kind=height --config.objective.target=1.3

The first line is the diffusion policy, the second one a reward that no part was trained for. Neither trains a new model.

Cost: cpu ten minutes once the parts are trained.
"""

from ml_collections import ConfigDict

from configs.dmpc import base
from configs.dmpc.base import cost, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "evaluate"
    return config
