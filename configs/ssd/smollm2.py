"""A draft for a language model that others trained: SmolLM2-135M-Instruct's own first three layers and 8,192 of its tokens, distilled.

    python -m launch data smollm2
    python -m launch sweep ssd/smollm2

Cost: cpu 6e13 FLOPs (the target writes 65,536 tokens, the draft goes through seven eighths of them twice: ten minutes). At scale smoke
the same with a sixteenth of the tokens.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.ssd import distil
from configs.ssd.base import cost, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def get_config(scale: str) -> ConfigDict:
    config = distil.get_config(scale)
    config.pair.name = "smollm2"
    config.distil.outputs = 8_192
    config.distil.lr = 2e-3  # it starts from trained layers
    if scale == "cpu":
        config.sample.tokens = 65_536
        config.sample.batch_size = 32
        config.distil.tokens = 114_688
    if scale == "paper":
        config.mesh = "h200"  # nine heads divide over no four devices, and it is small
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return iter([{"pair.role": "draft"}])
