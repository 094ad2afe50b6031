"""Mode connectivity (Garipov et al., 2018): two networks that were trained from different starts, and a curve of low loss between them.

    python -m launch data fashion_mnist
    python -m launch figure generalization/modes --run-missing

Cost: cpu six networks and six curves, a minute and a half of one core; gpu ResNet-20.
Expect a loss that stays as low on the curve as at its ends, and a barrier on the straight line.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.generalization import base
from configs.generalization.base import cost, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "modes"
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    pairs = [{"modes.first": 2 * pair, "modes.second": 2 * pair + 1} for pair in range(1 if config.scale == "smoke" else 3)]
    return product([{"modes.curve": curve} for curve in ("bezier", "polychain")], pairs)
