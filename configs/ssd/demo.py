"""What SSD is, in two minutes: AR, SD and SSD of one small trained pair, side by side.

    make demo

A target of 3.7 million parameters learns docstrings and word problems, a draft of 0.3 million learns from what it writes (7e12 FLOPs,
about two minutes), then both write, on a core each. Expect SD faster than AR, and SSD as fast or faster where both cores are idle: so
small a target leaves little to hide.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.ssd import measure
from configs.ssd.base import cost, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per repeat


def get_config(scale: str) -> ConfigDict:
    config = measure.timed(scale, "ar", "sd", "ssd")
    if scale == "cpu":
        config.pair.name = "demo"
        config.data.name = "docs+problems"
        config.data.vocab = 1_024
        config.data.tokens = 196_608
        config.sample.tokens = 131_072
        config.distil.tokens = 196_608
        config.evaluation.tokens = 16_384
        config.prompts.domain = "problems"
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return iter([{}])
