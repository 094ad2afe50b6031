"""A Bayesian linear model: as data come, the posterior's own dimension falls and that of the fitted function rises.

    python -m launch figure generalization/linear --run-missing

Cost: cpu one run of a minute; no data set.
Expect both to change by nearly one per point at first, and to flatten beyond as many points as features, where the prior decides little.
"""

from ml_collections import ConfigDict

from configs.generalization import base
from configs.generalization.base import cost, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]

ROWS = "metrics"  # one row per number of points


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "linear"
    if scale == "smoke":
        config.linear.points = (0, 50, 100, 200, 300)
    return config
