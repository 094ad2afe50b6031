"""How every figure looks: one colour per way of decoding."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from shared.figures.style import HOLLOW, INK, MARK, PAPER, canvas, curve, errors, label, legend, log_ticks, nothing
from shared.stats import Interval

__all__ = [
    "COLORS", "HOLLOW", "INK", "MARK", "NAMES", "PAPER", "WARM", "bars", "canvas", "curve", "errors", "label", "legend", "log_ticks",
    "nothing",
]  # fmt: skip

COLORS = {
    "ar": "#8a8f98", "sd": "#2f6690", "ssd": "#c8553d", "ar_both": "#c3c6cb", "sd_both": "#9db9cd",
    "uniform": "#d59a2e", "geometric": "#c8553d", "auto": "#2b2b2b",
    "neural": "#c8553d", "ngram": "#4f8a4c", "random": "#7a4988",
}  # fmt: skip
NAMES = {"ar": "AR", "sd": "SD", "ssd": "SSD", "ar_both": "AR, all cores", "sd_both": "SD, all cores", "ngram": "n-gram"}
WARM = ("#1f4e6e", "#4a86ad", "#d59a2e", "#c8553d", "#7a1f12")  # cold to hot


def bars(axis: Axes, groups: Sequence[str], found: dict[str, Sequence[Interval]]) -> None:
    """One cluster per group, one bar per mode, its value above it."""
    width = 0.8 / max(len(found), 1)
    for index, (mode, ours) in enumerate(found.items()):
        places = np.arange(len(groups)) + (index - (len(found) - 1) / 2) * width
        known = [(place, one) for place, one in zip(places, ours, strict=True) if math.isfinite(one.mean)]
        if not known:
            continue
        spots, ones = zip(*known, strict=True)
        bar = axis.bar(spots, [one.mean for one in ones], width * 0.92, color=COLORS[mode], label=NAMES.get(mode, mode))
        axis.errorbar(spots, [one.mean for one in ones], yerr=errors(ones), fmt="none", ecolor=INK, elinewidth=0.8, capsize=1.5)
        words = [f"{one.mean:.0f}" if one.mean >= 100 else f"{one.mean:.3g}" for one in ones]
        axis.bar_label(bar, words, fontsize=6.5, padding=3, color=INK, rotation=90 if len(found) > 3 else 0)  # narrow bars
    axis.set_xticks(range(len(groups)), groups)
    axis.margins(y=0.3)  # room for the legend
    legend(axis, columns=3)
