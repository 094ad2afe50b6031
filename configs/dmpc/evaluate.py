"""What a planner reaches: episodes in which it plans anew after every step and carries out the first action.

    python -m launch run dmpc/evaluate                                                                             # D-MPC
    python -m launch run dmpc/evaluate --config.plan.candidates=1                                                  # diffusion policy
    python -m launch run dmpc/evaluate --config.plan.candidates=1 --config.model.proposal=state_mlp                # behaviour cloning
    python -m launch run dmpc/evaluate --config.plan.kind=mbop                                                     # MBOP
    python -m launch run dmpc/evaluate --config.plan.kind=guided                                                   # a joint model
    python -m launch run dmpc/evaluate --config.plan.kind=simulated                                                # knows what follows
    python -m launch run dmpc/evaluate --config.model.dynamics=autoregressive                                      # an ablation
    python -m launch run dmpc/evaluate --config.env.name=walker2d --config.objective.kind=height --config.objective.target=1.3

The last line is a reward that no part was trained for: it trains no new model. All of them start their episodes in the same states.

Cost: cpu up to five minutes once the parts are trained.
"""

from ml_collections import ConfigDict

from configs.dmpc import base
from configs.dmpc.base import cost, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "evaluate"
    return config
