"""How often a trained model reaches its goals by planning in latent space.

    python -m launch run lewm/plan --config.plan.solver=icem

Cost: cpu two minutes once the model is trained.
"""

from ml_collections import ConfigDict

from configs.lewm import base
from configs.lewm.base import cost, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "plan"
    return config
