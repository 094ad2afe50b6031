"""One measurement: a pair of models writes, and every round leaves a record.

    python -m launch run ssd/measure --config.prompts.domain=code --config.spec.lookahead=4

Cost: cpu about a minute once the pair is trained; smoke seconds. The figures begin from the two functions here: `timed` has the machine
alone and interleaves its modes on pinned cores, `counted` only counts (hits, accepted tokens), so other work may go on beside it.
"""

from ml_collections import ConfigDict

from configs.ssd import base
from configs.ssd.base import cost, needs, resolve

__all__ = ["cost", "counted", "get_config", "needs", "resolve", "timed"]

ROWS = "metrics"  # one row per repeat


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "measure"
    config.prompts.domain = config.data.name
    if scale in ("smoke", "cpu"):
        config.mesh = "cpu-pair"
    return config


def timed(scale: str, *modes: str) -> ConfigDict:
    """Times count: one run at a time, a core for the target and one for the draft."""
    config = get_config(scale)
    config.bench.timed = True
    config.bench.modes = modes
    if scale in ("smoke", "cpu"):
        config.bench.placement = "process"
    return config


def counted(scale: str, *modes: str) -> ConfigDict:
    """Only hits and accepted tokens count: more prompts, a batch of them at once, one repeat."""
    config = get_config(scale)
    config.bench.modes = modes
    if scale == "cpu":
        config.prompts.count = 16
        config.bench.batch = 8
        config.bench.repeats = 4
    return config
