"""The main table: what D-MPC reaches on every data set, beside its own proposals without ranking, behaviour cloning and MBOP.

    python -m launch figure dmpc/fixed_reward --run-missing

The data are our own, so the scores are of our own experts; by D4RL's constants they stand beside. All methods start their episodes in the
same states.

Cost: cpu two hours of a core: for each of twelve trainings seven models, five minutes together, and up to four to evaluate D-MPC once.
Expect D-MPC above the diffusion policy (N = 1), cloning and MBOP on medium-replay; next to no difference on medium, where one actor
played everything.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.dmpc import studies
from configs.dmpc.evaluate import cost, get_config, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ARRAYS = ("episode_scores",)  # of what a run leaves, what the figure reads


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return product(studies.sets(config.scale), studies.METHODS)
