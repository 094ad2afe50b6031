"""LeWM in a minute: a world model learns TwoRoom from 32-pixel pictures, and imagines what will happen.

    make demo

A model of half a million parameters, 300 steps of 64 clips; then a decoder, to look at what it imagines. Expect the red agent of the lowest
row, which the model has only imagined, where it is in the first.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.lewm import studies
from configs.lewm.base import cost, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per imagined step


def get_config(scale: str) -> ConfigDict:
    config = studies.small("imagine", scale)
    if scale == "cpu":
        config.train.steps = 300
        config.collect.episodes = 500
        config.imagine.steps = 600
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return iter([{}])
