"""Orders 2, 15, and 15 with a soft penalty, from 6 to 100 points: the last is near the better of the two others at every n.

    python -m launch figure generalization/orders --run-missing

Cost: cpu nine runs of seconds; no data set.
Expect order 2 to stay behind where the target is no parabola, order 15 to explode where points are few, the penalised one to do neither.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.generalization import base
from configs.generalization.base import cost, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per number of points


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.polynomial.low, config.polynomial.high = -1.0, 1.0
    config.polynomial.scatter = 0.1
    config.polynomial.growths = (2.0,)
    config.polynomial.noises = (0.5**0.5,)  # so that the likelihood is the sum of squares
    config.polynomial.points = (6, 8, 10, 15, 20, 30, 40, 60, 80, 100)
    config.polynomial.draws = 100 if scale != "smoke" else 10
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    targets = [{"polynomial.target": target} for target in ("square", "cosine", "tenth")]
    models = [{"polynomial.degree": degree, "polynomial.penalty": penalty} for degree, penalty in ((2, 0.0), (15, 0.0), (15, 1e-4))]
    return product(targets, models)
