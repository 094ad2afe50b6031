"""Fig. 6: how often a goal is reached within 50 steps: LeWM, PLDM, and policies without a model.

    python -m launch figure lewm/fig6 --run-missing

Cost: cpu 6 models of 10 minutes each on two cores, and a minute to evaluate one.
Expect LeWM far above random play in TwoRoom and Reacher; in Push-T, which wants many times these clips, a little above it.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.lewm import base, studies
from configs.lewm.base import cost, needs, resolve
from configs.sweeps import Overrides, chain, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "plan"
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    places = [{"env.name": name} for name in studies.environments(config.scale)]
    policies = [{"plan.policy": policy} for policy in ("random", "noop", "scripted", "replay")]
    return chain(studies.everywhere(config.scale, "lewm", "pldm"), product(places, policies))
