"""Width and depth of a network (Maddox et al., 2020): its effective dimension, test loss and training loss.

    python -m launch data mnist1d
    python -m launch figure generalization/map --run-missing

Cost: cpu 25 networks on MNIST-1D, of which those of two hidden layers are those of `widths`, about 14 minutes of one busy core.
Expect test loss to follow the effective dimension rather than the number of parameters, once training loss is next to nothing.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.generalization import widths
from configs.generalization.base import cost, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

WIDTHS = {"smoke": (4, 32), "cpu": (8, 16, 32, 64, 128), "gpu": (2, 4, 8, 16, 32), "paper": (4, 8, 12, 16, 24, 32, 48, 64)}
DEPTHS = {"smoke": (1, 2), "cpu": (1, 2, 3, 4, 5), "gpu": (1, 2, 3, 4), "paper": (1, 2, 3, 4)}


def get_config(scale: str) -> ConfigDict:
    config = widths.get_config(scale)
    if scale in ("gpu", "paper"):
        config.classifier.stages = 3
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    sides = [{"classifier.width": width} for width in WIDTHS[config.scale]], [{"classifier.depth": depth} for depth in DEPTHS[config.scale]]
    return product(*sides)
