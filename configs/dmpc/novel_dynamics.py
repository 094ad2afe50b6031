"""Dynamics that nobody trained for: one joint is weaker than it was. Planned as before, then with dynamics fine-tuned on play data.

    python -m launch figure dmpc/novel_dynamics --run-missing

The play data are a medium actor's in the defective environment, with noise, and hold what was commanded. D-MPC adapts its dynamics alone;
proposal and value stay as they are. The joint model has no part that is dynamics alone. At scale cpu the foot of Hopper, whose models the
main table has trained; else of Walker2d, as in the paper.

Cost: cpu a joint model and two fine-tunings, one or two minutes of a core each, and five minutes or less to evaluate one of six.
Expect a loss by the defect, of which D-MPC wins back a part and the joint model does not.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.dmpc import studies
from configs.dmpc.evaluate import cost, get_config, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ARRAYS = ("episode_scores",)  # of what a run leaves, what the figure reads


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    name, joint = {"smoke": ("ring", 0), "cpu": ("hopper", 2)}.get(config.scale, ("walker2d", 2))
    where = {"env.name": name, "collect.set": "medium" if name == "walker2d" else "medium-replay"}
    seeds = studies.seeds(config.scale)[:1] if config.scale == "cpu" else studies.seeds(config.scale)
    defect = {"env.defect_joint": joint}
    worlds = [{}, defect, {**defect, "evaluate.adapted": True}]
    return product([where], seeds, [studies.DMPC, studies.JOINT], worlds)
