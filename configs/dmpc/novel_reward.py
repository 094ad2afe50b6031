"""A reward that nobody trained for: the torso is to be at a given height. Weights stay as they are, the objective alone is another.

    python -m launch figure dmpc/novel_reward --run-missing

Three heights, low, middling and high; ranked by the learned return, by the novel reward, and by their sum. At scale cpu of Hopper, whose
models the main table has trained and whose data hold a tenth below the lowest and a twentieth above the highest; else of Walker2d, as in
the paper.

Cost: cpu no training besides `fixed_reward`; three minutes or less to evaluate one of eighteen.
Expect heights to move towards the target, and episodes to be shorter where that ends in a fall.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.dmpc import studies
from configs.dmpc.evaluate import cost, get_config, needs, resolve
from configs.sweeps import Overrides, chain, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ARRAYS = ("episode_scores", "heights")  # of what a run leaves, what the figure reads


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    name, heights = ("hopper", (1.0, 1.2, 1.4)) if config.scale in ("smoke", "cpu") else ("walker2d", (0.95, 1.15, 1.4))
    where = {"env.name": name, "collect.set": "random" if config.scale == "smoke" else "medium-replay"}
    novel = product([{"objective.kind": kind} for kind in ("height", "sum")], [{"objective.target": height} for height in heights])
    return product([where], studies.seeds(config.scale), chain([{"objective.kind": "return"}], novel))
