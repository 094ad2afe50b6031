"""Fig. 1(d): an exact Gaussian process fits any labels; its log marginal likelihood falls with every label that is altered.

    python -m launch data fashion_mnist
    python -m launch figure generalization/gp --run-missing

Cost: cpu two runs of three seeds, each seed a few seconds on idle cores: 4,000 pictures, ten classes, six shares of altered labels from one
factorisation; gpu 30,000 pictures.
Expect no training errors at any share, test errors that rise gracefully from 14% to chance, and evidence that falls throughout.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.generalization import base
from configs.generalization.base import cost, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per share of altered labels


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "gp"
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    lengths = [{"gp.lengthscale": length} for length in (1.0 / 3.0, 1.0)]
    return product(lengths, [{"seed": seed} for seed in range(1 if config.scale == "smoke" else 3)])
