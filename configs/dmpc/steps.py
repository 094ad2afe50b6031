"""The score by the denoising steps of the proposals and of the dynamics.

    python -m launch figure dmpc/steps --run-missing

DDIM in few steps narrows what it draws: of a Gaussian's variance ten steps keep 78%, so fewer steps leave less to choose from.

Cost: cpu no training besides `fixed_reward`; an evaluation takes three minutes or less.
Expect little change above a handful of steps.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.dmpc import studies
from configs.dmpc.evaluate import cost, get_config, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ARRAYS = ("episode_scores",)  # of what a run leaves, what the figure reads


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    counts = {"smoke": (1, 3, 5), "cpu": (2, 5, 10)}.get(config.scale, (1, 2, 5, 10, 32))
    fields = ("plan.proposal_steps", "plan.dynamics_steps")
    return product(studies.first(config.scale), ({field: count} for field in fields for count in counts))
