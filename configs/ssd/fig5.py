"""Fig. 5: Saguaro sampling. Less draft mass on the outcomes that can be cached: more hits, fewer accepted tokens.

    python -m launch figure ssd/fig5 --run-missing

Cost: cpu 8 runs of half a minute, two at a time.
Expect the hit rate rises and the acceptance falls as C goes from 1 to 0.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.ssd import measure
from configs.ssd.base import cost, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per repeat


def get_config(scale: str) -> ConfigDict:
    config = measure.counted(scale, "ssd")
    config.sampling.temperature = 1.0
    config.spec.fanout = "uniform"  # Definition 14 wants one fan-out
    config.spec.budget = 2 * (config.spec.lookahead + 1)
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    weights = (1.0, 0.9, 0.7, 0.5, 0.3, 0.1, 0.03, 0.0) if config.scale != "smoke" else (1.0, 0.0)
    return ({"spec.saguaro": weight} for weight in weights)
