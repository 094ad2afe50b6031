"""How far five dynamics models are off, step by step of their rollouts, on data like theirs and on other data.

    python -m launch figure dmpc/dynamics_error --run-missing

They are given the actions of held-out episodes. No planner has a say.

Cost: cpu seconds besides `ablations`, whose models they are.
Expect errors of single steps to add up, and models of the whole horizon to be off by less at its end.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.dmpc import base, methods, studies
from configs.dmpc.base import cost, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per step of the rollout


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "error"
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    judged = [{"error.set": name} for name in (("medium-replay",) if config.scale == "smoke" else ("medium-replay", "medium", "expert"))]
    models = [{"model.dynamics": name} for name in methods.DYNAMICS]
    return product(studies.first(config.scale), judged, models)
