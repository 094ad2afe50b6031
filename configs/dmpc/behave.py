"""The policies that play the data: Soft Actor-Critic on every environment, kept at checkpoints along its training.

    python -m launch sweep dmpc/behave
    python -m projects.dmpc.pick RUN_FOLDER

The second line chooses the actors of a finished run that `dmpc/collect` plays and writes them to projects/dmpc/behaviours. They are
committed: nobody has to train them again.

Cost: cpu a quarter of an hour per environment on a core (300,000 steps, 470 a second), gpu a million steps each.
Expect a return that rises, with falls in between: the picks are by return, not by step.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.dmpc import base
from configs.dmpc.base import cost, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "behave"
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    names = ("ring",) if config.scale == "smoke" else ("halfcheetah", "hopper", "walker2d")
    return ({"env.name": name} for name in names)
