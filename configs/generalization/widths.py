"""Fig. 1(f): double descent over the width of a network, 15% of the labels altered, and the effective dimension of its Hessian.

    python -m launch data mnist1d
    python -m launch figure generalization/widths --run-missing

Cost: cpu twelve widths, each a pack of five seeds, an MLP on MNIST-1D in place of ResNet-18 on CIFAR-100, about eight minutes of one
core; gpu ResNet-18 of width 1 to 64 on Fashion-MNIST.
Expect a test error that falls, rises where training errors fall below the share of altered labels, and falls again once there are none;
from there on the effective dimension falls with it.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.generalization import base
from configs.generalization.base import cost, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

WIDTHS = {
    "smoke": (1, 8, 64), "cpu": (2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256),
    "gpu": (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64),
    "paper": (1, 2, 4, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 56, 64),
}  # fmt: skip
SIGNALS = {  # of 40 values, and what learns them
    "data.name": "mnist1d", "data.train": 4_000, "data.test": 1_000, "classifier.depth": 2, "train.steps": 8_000, "train.batch_size": 256,
    "train.schedule": "constant",
}  # fmt: skip
RESNET18 = {"classifier.depth": 2, "classifier.stages": 4}
BY_SCALE = {
    "smoke": {"measure.steps": 20, "measure.probes": 2},
    "cpu": {**SIGNALS, "measure.steps": 100, "measure.probes": 3},
    "gpu": {**RESNET18, "data.train": 60_000, "measure.steps": 100, "measure.probes": 10},
    "paper": {
        **RESNET18, "data.name": "cifar100", "train.steps": 78_000, "train.lr": 0.01, "train.schedule": "constant",
        "train.weight_decay": 1e-4, "measure.steps": 100, "measure.probes": 10,
    },
}  # fmt: skip


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "train"
    config.train.altered = 0.15
    config.update_from_flattened_dict(BY_SCALE[scale])
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    widths = [{"classifier.width": width} for width in WIDTHS[config.scale]]
    return product(widths, [{"seed": seed} for seed in range({"smoke": 2, "cpu": 5}.get(config.scale, 3))])
