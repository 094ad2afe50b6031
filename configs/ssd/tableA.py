"""Table A and Fig. 7 left: tokens per second of AR, SD and SSD, four domains, two pairs, temperature 0, batch 1.

    python -m launch figure ssd/tableA --run-missing

Cost: cpu 8 runs, about a minute each, one after the other.
Expect SSD faster than SD faster than AR on the strong pair; the weak pair, with little drafting to hide, gains less.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.ssd import measure
from configs.ssd.base import DOMAINS, cost, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per repeat
PAIRS = ({"pair.role": "draft"}, {"pair.role": "weak"})  # K = 4 is best for SD, too: ksweep


def get_config(scale: str) -> ConfigDict:
    return measure.timed(scale, "ar", "sd", "ssd", "ar_both", "sd_both")


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    domains = [{"prompts.domain": domain} for domain in (DOMAINS if config.scale != "smoke" else ("tiny",))]
    return product(PAIRS, domains)
