"""The lookahead: SD and SSD, each at every K.

    python -m launch figure ssd/ksweep --run-missing

Cost: cpu 6 runs of a minute, one after the other.
Expect an optimum for each: a longer guess costs more and is finished less often.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.ssd import measure
from configs.ssd.base import cost, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per repeat


def get_config(scale: str) -> ConfigDict:
    return measure.timed(scale, "ar", "sd", "ssd")


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    lengths = (1, 2, 3, 4, 6, 8) if config.scale != "smoke" else (1, 3)
    return ({"spec.lookahead": k, "spec.sd_lookahead": k, "spec.budget": max(config.spec.budget, k + 1)} for k in lengths)
