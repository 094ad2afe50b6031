"""The paper's own numbers, and the rows of ours beside them."""

import math
from pathlib import Path

from shared.figures.published import Paper
from shared.stats import Interval

paper = Paper(Path(__file__).parent)
published, value, known, row = paper.published, paper.value, paper.known, paper.row


def spread(key: str) -> Interval:
    """A published number, give or take the standard deviation printed with it; NaN where there is none."""
    mean, std = (published()[name]["value"] if name in published() else math.nan for name in (key, f"{key}_std"))
    return Interval(mean, mean - std, mean + std, 1)
