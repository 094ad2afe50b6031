"""The dynamics' error by step of the rollout: held-out episodes' actions in, their states against what was foretold.

    python -m launch run dmpc/error --config.model.dynamics=autoregressive --config.error.set=expert

`error.set` may be another set than the model has learned from. The run's rows are the steps, 1 to windows.horizon.

Cost: cpu seconds once the dynamics are trained.
"""

from ml_collections import ConfigDict

from configs.dmpc import base
from configs.dmpc.base import cost, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "error"
    return config
