"""A reward that nobody trained for: the torso is to be at a given height. Weights stay as they are, the objective alone is another.

    python -m launch figure dmpc/novel_reward --run-missing

Three heights, low, middling and high; ranked by the learned return, by the novel reward, and by their sum. Walker2d, as in the paper; at
scale cpu heights around those at which it walks, 1.15, 1.25 and 1.3 m: towards farther ones it was seen to fall, and Hopper, which cannot
stand, towards all.

Cost: cpu no training besides `fixed_reward`; two minutes or less to evaluate one of eighteen.
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
    name, heights = {
        "smoke": ("hopper", (1.0, 1.2, 1.4)),
        "cpu": ("walker2d", (1.15, 1.25, 1.3)),
    }.get(config.scale, ("walker2d", (0.95, 1.15, 1.4)))
    where = {"env.name": name, "collect.set": "random" if config.scale == "smoke" else "medium-replay"}
    novel = product([{"objective.kind": kind} for kind in ("height", "sum")], [{"objective.target": height} for height in heights])
    return product([where], studies.seeds(config.scale), chain([{"objective.kind": "return"}], novel))
