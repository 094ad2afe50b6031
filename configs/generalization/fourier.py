"""Double descent of random Fourier features on real pictures (Belkin et al. 2019), one label in five altered.

    python -m launch data fashion_mnist
    python -m launch figure generalization/fourier --run-missing

Cost: cpu one run of three seeds, a minute or two; gpu 10,000 pictures and up to 100,000 features.
Expect test error and the norm of the weights to peak at as many features as pictures, and the second descent to end below the first half.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.generalization import base
from configs.generalization.base import cost, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per number of features
SIZES = {"smoke": 200, "cpu": 1_000, "gpu": 10_000, "paper": 10_000}  # pictures
SHARES = (0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 1.0, 1.1, 1.3, 2.0, 4.0, 10.0)  # features per picture


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "features"
    config.features.kind = "fourier"
    config.data.train = SIZES[scale]
    config.features.counts = tuple(round(share * SIZES[scale]) for share in SHARES)
    if scale == "smoke":
        config.features.bandwidth = 1.5  # pictures of 8 x 8 are nearer to each other
        config.features.counts = (20, 100, 180, 200, 220, 400, 2_000)
        config.data.test = 400
    if scale == "paper":
        config.data.name, config.data.train, config.data.test = "mnist", 8_032, 1_968  # 10,000 of MNIST in the paper
        config.features.altered = 0.0
        config.features.counts = tuple(round(share * 8_032) for share in SHARES)
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return iter([{"seed": seed} for seed in range(1 if config.scale == "smoke" else 3)])
