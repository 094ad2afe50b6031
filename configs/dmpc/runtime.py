"""How long a plan takes, by method, and what it reaches in return.

    python -m launch figure dmpc/runtime --run-missing

Times, so launch it when nothing else runs; `python -m bench dmpc` holds them against PyTorch.

Cost: cpu nothing besides `fixed_reward`, some of whose runs they are, a joint model and an MLP distilled from the planner.
Expect the guided joint model and D-MPC slowest, the diffusion policy N times as fast at the most, the MLPs faster by far.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.dmpc import studies
from configs.dmpc.evaluate import cost, get_config, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ARRAYS = ("episode_scores",)  # of what a run leaves, what the figure reads


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return product(studies.first(config.scale), [*studies.METHODS, studies.JOINT, studies.STUDENT])
