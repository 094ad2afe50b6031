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
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per repeat

# temperature -> (a, r) of Theorem 12, as fig3 found them at scale cpu; 0.3 lies between its neighbours
CALIBRATED = {0.0: (0.89, 1.27), 0.3: (0.86, 0.94), 0.7: (0.83, 0.50), 1.0: (0.82, 0.25)}


def get_config(scale: str) -> ConfigDict:
    config = measure.timed(scale, "sd", "ssd")
    config.spec.budget = 2 * (config.spec.lookahead + 1)  # a uniform fan-out must divide
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    for temperature, (acceptance, exponent) in CALIBRATED.items():
        yield {"sampling.temperature": temperature, "spec.fanout": "uniform"}
        calibrated = {"spec.acceptance": acceptance, "spec.exponent": exponent}
        yield {"sampling.temperature": temperature, "spec.fanout": "geometric", **calibrated}
