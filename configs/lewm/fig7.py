"""Figs. 7 and 11: what a model imagines: open-loop rollouts from three frames, decoded, beside what happened.

    python -m launch figure lewm/fig7 --run-missing

Cost: cpu some minutes per environment for the decoder; the models are those of Figure 6.
Expect the pictures to follow the truth for many steps, fine rotations of the block to be lost first.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.lewm import base, studies
from configs.lewm.base import cost, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per evaluation


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "imagine"
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return studies.first(config.scale, "lewm")
