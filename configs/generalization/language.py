"""Bounds on the bits per byte of a language model from its file alone, by documents and by tokens (Lotfi et al., 2023 and 2024).

    python -m launch data verses --vocab 97
    python -m launch figure generalization/language --run-missing
    python -m projects.generalization.certify runs/generalization/language/<id>/tables/MODEL.bin

Expected: both bounds lie below the bits of guessing, log2 V; those of a text whose bytes stand in random order within every verse are
worse. The bound by documents has few samples to pay for a code with and is best at a small d, that by tokens at a large one; it says
nothing of new documents.

Cost: cpu a quarter of an hour of one core; smoke seconds.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.generalization import lm
from configs.generalization.base import cost, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

DIMENSIONS = {"smoke": (64, 256), "cpu": (64, 256, 1_024), "gpu": (256, 1_024, 4_096, 16_384), "paper": (2_500, 10_000, 50_176)}


def get_config(scale: str) -> ConfigDict:
    config = lm.get_config(scale)
    config.entry = "language"
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    dimensions = [{"subspace.dimension": dimension} for dimension in DIMENSIONS[config.scale]]
    return product(dimensions, [{"text.shuffled": shuffled} for shuffled in (False, True)])
