"""Fig. 4: geometric fan-out (Theorem 12) against a uniform one and SD, over temperature.

    python -m launch figure ssd/fig4 --run-missing

Cost: cpu 8 runs of a minute, one after the other.
Expect geometric at least as good as uniform, more so at higher temperature; the acceptance and the
exponent it assumes are those measured in fig3.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.ssd import measure
from configs.ssd.base import cost, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per repeat


def get_config(scale: str) -> ConfigDict:
    config = measure.timed(scale, "sd", "ssd")
    config.spec.budget = 2 * (config.spec.lookahead + 1)  # a uniform fan-out must divide
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    temperatures = [{"sampling.temperature": value} for value in (0.0, 0.3, 0.7, 1.0)]
    return product(temperatures, [{"spec.fanout": fanout} for fanout in ("uniform", "geometric")])
