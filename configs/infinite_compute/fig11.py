"""Ablation: freezing the smallest model's weight decay, or its epochs, for every N loses the monotone scaling.

    python -m launch figure infinite_compute/fig11 --scale=cpu --run-missing

Runs and FLOPs: cpu 14, 2e13; gpu 5, 2e16; paper 9, 1e20.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute import recipes
from configs.infinite_compute.base import cost, get_config, needs, resolve
from configs.sweeps import Overrides, chain

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return chain(
        recipes.regularised_tuned(config),
        recipes.frozen(config, "optim.weight_decay"),
        recipes.frozen(config, "train.epochs"),
    )
