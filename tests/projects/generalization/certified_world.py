"""Certificates that were never made: what compressed classifiers and language models might say, cell by cell of a figure's sweep."""

import math

import pandas as pd

from tests import made_up

FIGURES = ("certificate", "compression", "language", "t1")


def table(name: str, scale: str = "cpu", keep: float = 1.0) -> pd.DataFrame:
    """One row per run that was not left out."""
    found = [cell | (of_text if config.entry == "language" else of_classifier)(config)
             for config, cell in made_up.cells("generalization", name, scale, keep)]  # fmt: skip
    return pd.DataFrame(found)


def of_classifier(config) -> dict[str, float]:
    dimension, random = config.subspace.dimension, config.subspace.altered
    bits = 1.2 * dimension * math.log2(config.quantise.levels)
    error = 0.9 if random else 0.16 + 0.5 / math.log2(dimension) - 0.005 * config.quantise.levels
    bound = error + 0.02 + bits / 6e4
    return {
        "bits/total": bits, "n": config.data.train, "train/error": error, "test/error": error + 0.01, "bound/catoni": bound,
        "bound/kl": bound - 0.005, "bound/hoeffding": bound + 0.01, "bound/guessing": 0.9,
    }  # fmt: skip


def of_text(config) -> dict[str, float]:
    dimension = config.subspace.dimension
    bits = 5.5 - 0.17 * math.log2(dimension) + 0.5 * config.text.shuffled
    found = {"bits/total": 2.0 * dimension, "test/bits": bits + 0.02, "vocabulary": 97, "guessing/bits": math.log2(97),
             "n/documents": 28_653, "n/tokens": 3_786_161}  # fmt: skip
    for unit, slack in (("documents", 0.025), ("tokens", 0.002)):
        more = slack * math.sqrt(dimension)
        found |= {f"{unit}/bits": bits, f"{unit}/bound": bits + 0.4 + more, f"{unit}/top1_bound": 0.7 + more / 9,
                  f"{unit}/top10_bound": 0.3 + more / 9}  # fmt: skip
    return found
