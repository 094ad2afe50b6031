"""The score by the number of candidates N, from which the best is chosen.

    python -m launch figure dmpc/candidates --run-missing

Cost: cpu no training besides `fixed_reward`; three minutes of a core or less to evaluate one of six.
Expect a rise that flattens.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.dmpc import studies
from configs.dmpc.evaluate import cost, get_config, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ARRAYS = ("episode_scores",)  # of what a run leaves, what the figure reads


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    numbers = {"smoke": (1, 4, 16), "cpu": (1, 4, 16, 32)}.get(config.scale, (1, 4, 16, 64, 256))
    return product(studies.one(config.scale), [{"plan.candidates": number} for number in numbers])
