"""The score by the horizon F, for each of which all three models are trained, with ranking and without.

    python -m launch figure dmpc/horizon --run-missing

Cost: cpu two more times three models of 1 to 4 minutes of a core, and a minute or two to evaluate one.
Expect a horizon too short to foresee a fall to cost something.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.dmpc import studies
from configs.dmpc.evaluate import cost, get_config, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ARRAYS = ("episode_scores",)  # of what a run leaves, what the figure reads


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    lengths = {"smoke": (4, 8), "cpu": (2, 4, 8)}.get(config.scale, (4, 8, 16, 32))
    return product(studies.first(config.scale), [studies.DMPC, studies.POLICY], [{"windows.horizon": length} for length in lengths])
