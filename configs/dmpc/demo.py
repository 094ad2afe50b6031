"""D-MPC in a minute: a point runs around a ring, by the best of sixteen plans and by the first that comes.

    make demo

Data by clumsy players, nearly all of whom leave the ring; models of 70,000 to 140,000 parameters, 1,000 steps each; then ten episodes with
either planner. Expect most episodes with the best plan to last, and to go several times as far as those with the first one, which plays as
the data do. With half the training steps it is the other way round: J is not yet worth being listened to.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.dmpc import base
from configs.dmpc.base import cost, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "evaluate"
    config.env.name = "ring"
    config.collect.set = "medium-replay"
    if scale == "cpu":
        config.update_from_flattened_dict(base.BY_SCALE["smoke"])
        config.collect.transitions = 20_000
        config.train.steps = 1_000
        config.evaluate.episodes = 10
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return ({"plan.candidates": candidates} for candidates in (config.plan.candidates, 1))
