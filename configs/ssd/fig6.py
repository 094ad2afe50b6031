"""Fig. 6: the backup by batch size. A batch waits for its slowest row: above some batch a fast poor backup beats the slow good one.

    python -m launch figure ssd/fig6 --run-missing

Cost: cpu 14 runs of a minute, one after the other.
Expect neural best at batch 1; what it costs grows with the batch, since all rows must hit to save it. Right panel: the hit rate and the
time of the cache by budget, from which the paper projects to more draft devices.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.ssd import measure
from configs.ssd.base import cost, needs, resolve
from configs.sweeps import Overrides, chain, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per repeat


def get_config(scale: str) -> ConfigDict:
    return measure.timed(scale, "ssd")


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    backups = [{"spec.backup": backup} for backup in ("neural", "ngram", "random", "auto")]
    batches = [{"bench.batch": batch, "prompts.count": max(2, batch)} for batch in ((1, 4, 16) if config.scale != "smoke" else (1, 2))]
    width = config.spec.lookahead + 1
    budgets = [{"bench.batch": 4, "prompts.count": 4, "spec.budget": times * width} for times in (1, 3)]
    return chain(product(batches, backups), budgets if config.scale != "smoke" else ())
