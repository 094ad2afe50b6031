"""Bits of the code against errors: how much a classifier can be compressed, on true labels and on random ones (Lotfi et al., 2022).

    python -m launch data fashion_mnist
    python -m launch figure generalization/compression --run-missing

Expected: with more trained numbers d the code is longer and the training error less. On true labels a few hundred bits certify a network
far below guessing, and there is a best d; on random labels no d has a certificate.

Cost: cpu five minutes of one core; smoke seconds.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.generalization import compress
from configs.generalization.base import cost, needs, resolve
from configs.sweeps import Overrides, chain, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

DIMENSIONS = {"smoke": (25, 100), "cpu": (100, 400, 1_296), "gpu": (100, 400, 1_296, 4_096), "paper": (256, 1_024, 4_096)}
LEVELS = {"smoke": (3, 7), "cpu": (3, 9), "gpu": (3, 9, 21), "paper": (3, 7, 11)}
STEPS = {"smoke": 60, "cpu": 1_000, "gpu": 5_000, "paper": 11_700}  # of the quantised training, fewer than a single certificate is worth


def get_config(scale: str) -> ConfigDict:
    config = compress.get_config(scale)
    config.quantise.steps = STEPS[scale]
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    """Every d and L on true labels; on random ones every d with the largest codebook."""
    dimensions = [{"subspace.dimension": dimension} for dimension in DIMENSIONS[config.scale]]
    levels = [{"quantise.levels": count} for count in LEVELS[config.scale]]
    return chain(product([{"subspace.altered": 0.0}], dimensions, levels), product([{"subspace.altered": 1.0}], dimensions, levels[-1:]))
