"""Fig. 1(e): a network fits any labels; its log marginal likelihood falls with every label that is altered, as a Gaussian process's does.

    python -m launch data fashion_mnist
    python -m launch figure generalization/altered --run-missing

Cost: cpu six packs of three seeds, an MLP in place of the ResNet, three minutes of one core; gpu ResNet-20 on 60,000 pictures.
Expect no training errors at any share, test errors that rise gracefully to chance, and evidence that falls throughout, whether the
curvature is that of the last layer or the diagonal of all.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.generalization import base
from configs.generalization.base import cost, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "train"
    config.measure.evidence = True
    config.data.train = {"cpu": 2_000, "gpu": 60_000}.get(scale, config.data.train)
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    small = config.scale == "smoke"
    shares = [{"train.altered": share} for share in ((0.0, 0.5, 1.0) if small else base.ALTERED)]
    return product(shares, [{"seed": seed} for seed in range(1 if small else 3)])
