"""A planner that replans in every step is slow: what an MLP reaches that was shown what the planner does.

    python -m launch figure dmpc/distilled --run-missing

Cost: cpu three minutes besides `fixed_reward`, whose planner it is.
Expect the MLP within some points of the planner, and faster by orders of magnitude.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.dmpc import studies
from configs.dmpc.evaluate import cost, get_config, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ARRAYS = ("episode_scores",)  # of what a run leaves, what the figure reads


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return product(studies.first(config.scale), [studies.DMPC, studies.STUDENT, studies.POLICY])
