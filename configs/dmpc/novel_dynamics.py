"""Dynamics that nobody trained for: one joint is weaker than it was. Planned as before, then with dynamics fine-tuned on play data.

    python -m launch figure dmpc/novel_dynamics --run-missing

The play data are a medium actor's in the defective environment, with noise, and hold what was commanded. D-MPC adapts its dynamics alone;
proposal and value stay as they are. The joint model has no part that is dynamics alone. With the defective simulator in the place of the
dynamics, the same proposal and value tell how much there is to win back at most; dynamics that were fine-tuned as long on play data of
the whole environment, how much of it training longer would have done. A foot of Walker2d, as in the paper; at scale cpu the
thigh of Hopper with a tenth of its torque, on data of many actors: models of that size rank candidates well there, and with the simulator
that knows of this defect for dynamics it was seen to plan better than with one that does not.

Cost: cpu two hours of a core besides `fixed_reward`: eight trainings of D-MPC, five of them new, of three minutes each, three joint models
of five, fine-tunings of one or two, and one to three minutes to evaluate D-MPC once, up to eight the joint model. Of the simulator's arm
the host does the work, N F of its steps a plan: two minutes at scale cpu, three quarters of an hour at gpu.
Expect a loss by the defect, of which D-MPC wins back a part and the joint model does not.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.dmpc import studies
from configs.dmpc.evaluate import cost, get_config, needs, resolve
from configs.sweeps import Overrides, chain, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ARRAYS = ("episode_scores",)  # of what a run leaves, what the figure reads


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    name, chosen, joint, limit = {
        "smoke": ("ring", "medium-replay", 0, 0.5),
        "cpu": ("hopper", "medium-replay", 0, 0.1),
    }.get(config.scale, ("walker2d", "medium", 2, 0.5))
    where = {"env.name": name, "collect.set": chosen}
    defect = {"env.defect_joint": joint, "env.defect_limit": limit}
    worlds = [{}, defect, {**defect, "evaluate.adapted": True}]
    longer = {**defect, "evaluate.adapted": True, "adapt.whole": True}
    alone = [*worlds, longer, {**defect, **studies.PERFECT}]
    # at scale cpu more of D-MPC than of the joint model, which takes longest: what is won back differs much between trainings
    seeds = studies.seeds(config.scale)
    more = studies.trainings(8) if config.scale == "cpu" else seeds
    return product([where], chain(product(more, alone), product(seeds, [studies.JOINT], worlds)))
