"""Fig. 7 right: latency against throughput. Tokens per second of one sequence against those of one device, by batch.

    python -m launch figure ssd/fig7 --run-missing

Cost: cpu 4 runs of a minute, one after the other.
Expect SSD ahead at small batches; per device it must make up for the device it uses more.
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
    batches = (1, 2, 4, 8) if config.scale != "smoke" else (1, 2)
    return ({"bench.batch": batch, "prompts.count": max(2, batch)} for batch in batches)
