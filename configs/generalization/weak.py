"""Fig. 1(g): double descent of least squares on weak features, with the effective dimension in both conventions.

    python -m launch figure generalization/weak --run-missing

Cost: cpu two runs of a minute or two; no data set.
Expect an error that peaks at 200 features for 200 examples and falls below its first minimum beyond, when every feature is informative; not
when only 20 are. The directions that the data determine only grow in number; those left undetermined peak with the error.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.generalization import base
from configs.generalization.base import cost, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per number of features


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "features"
    if scale == "smoke":
        config.features.counts = (10, 50, 100, 180, 200, 220, 300, 399)
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return iter([{"features.informative": count} for count in (1_000, 20)])
