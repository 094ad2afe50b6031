"""A data set: transitions that the committed actors of an environment play, in D4RL's HDF5 schema.

    python -m launch run dmpc/collect --config.env.name=walker2d --config.collect.set=medium-replay

  random         uniform actions
  medium         sampled actions of the checkpoint whose return is a third of the way from random to the best
  medium-replay  as much from each of at most ten checkpoints up to that one (HalfCheetah-v4's returns rise so fast that there are five),
                 and from uniform actions
  expert         sampled actions of the best checkpoint
  play           those of medium with normal noise on them (collect.noise); where a joint is defective, the actions are what was commanded

Cost: cpu half a minute, gpu a few minutes.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.dmpc import base
from configs.dmpc.base import cost, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "collect"
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    """The six sets of the paper's main table."""
    names = ("ring",) if config.scale == "smoke" else ("halfcheetah", "hopper", "walker2d")
    return product(({"env.name": name} for name in names), ({"collect.set": wanted} for wanted in ("medium", "medium-replay")))
