"""Fig. 3: the share of missed outcomes falls as a power of the fan-out, more slowly at higher temperature and after a backup.

    python -m launch figure ssd/fig3 --run-missing

Cost: cpu 6 runs of half a minute, two at a time.
Expect straight lines in logarithms; the exponent falls with the temperature.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.ssd import measure
from configs.ssd.base import cost, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per repeat


def get_config(scale: str) -> ConfigDict:
    return measure.counted(scale, "ssd")


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    temperatures = [{"sampling.temperature": value} for value in (0.0, 0.7, 1.0)]
    return product(temperatures, [{"spec.backup": backup} for backup in ("neural", "ngram")])
