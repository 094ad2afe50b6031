"""How every figure looks: filled marks with whiskers for ours, a grey panel with hollow marks for the numbers of others."""

import math
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from shared.stats import Interval

PAPER = "#8b8b86"
INK = "#2b2b2b"
MARK = {"marker": "o", "markersize": 5.5, "linewidth": 1.6}
HOLLOW = {"marker": "o", "markersize": 5.5, "markerfacecolor": "none", "linewidth": 1.0, "color": PAPER}


def canvas(
    title: str, columns: int = 1, paper: str = "", width: float = 4.2, note: str = "", ratios: Sequence[float] | None = None
) -> tuple[Figure, list[Axes]]:
    """A row of axes, and below it a line that says what it was measured with; with `paper` (the title of its panel) the last one holds
    numbers of others, on its own scale. They are `width` inches wide each, on the mean where their `ratios` differ."""
    total = columns + bool(paper)
    figure = Figure(figsize=(width * total + 0.4, 3.9), layout="constrained")
    figure.suptitle(wrapped(title, width * total, 11), fontsize=11, color=INK, x=0.01, ha="left")
    remark(figure, note)
    axes = list(np.atleast_1d(figure.subplots(1, total, width_ratios=ratios)))
    for axis in axes:
        plain(axis)
    if paper:
        axes[-1].set_facecolor("#f4f4f1")
        axes[-1].set_title(paper, fontsize=9, color=PAPER, loc="left")
    return figure, axes


def sheet(title: str, shape: tuple[int, int], size: tuple[float, float], note: str, **changes: object) -> tuple[Figure, np.ndarray]:
    """A grid of axes, [rows, columns] = shape, of `size` in inches (width, height)."""
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(wrapped(title, size[0], 11), fontsize=11, color=INK, x=0.01, ha="left")
    remark(figure, note)
    return figure, figure.subplots(*shape, squeeze=False, **changes)


def wrapped(text: str, width: float, size: float) -> str:
    """Broken into lines that fit into `width` inches, in letters of `size` points."""
    return textwrap.fill(text, int(127 * width / size))


def remark(figure: Figure, note: str) -> None:
    """A line below everything that says what it was measured with."""
    if note:
        figure.supxlabel(wrapped(note, figure.get_figwidth(), 7.5), fontsize=7.5, color=PAPER, x=0.01, ha="left")


def plain(axis: Axes) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color("#aaaaaa")
    axis.tick_params(labelsize=8, colors=INK)
    axis.grid(axis="y", color="#e6e6e2", linewidth=0.7)
    axis.set_axisbelow(True)


def label(axis: Axes, x: str, y: str, title: str = "") -> None:
    axis.set_xlabel(x, fontsize=9)
    axis.set_ylabel(y, fontsize=9)
    if title:
        axis.set_title(title, fontsize=9, color=INK, loc="left")


def legend(axis: Axes, columns: int = 1) -> None:
    if axis.get_legend_handles_labels()[1]:
        axis.legend(fontsize=7.5, frameon=False, handlelength=1.6, ncols=columns)


def level(axes: Sequence[Axes]) -> None:
    """The same range up and down for all of them."""
    low, high = zip(*(axis.get_ylim() for axis in axes), strict=True)
    for axis in axes:
        axis.set_ylim(min(low), max(high))


def log_ticks(axis: Axes, values: Sequence[float], names: Sequence[str] | None = None, vertical: bool = False) -> None:
    """A logarithmic axis with ticks at these values only."""
    kept = dict(sorted(zip(values, names or [f"{value:g}" for value in values], strict=True)))
    ticks = axis.yaxis if vertical else axis.xaxis
    (axis.set_yscale if vertical else axis.set_xscale)("log")
    ticks.set_major_locator(FixedLocator(list(kept)))
    ticks.set_minor_locator(NullLocator())
    ticks.set_ticklabels(list(kept.values()))


def nothing(axis: Axes, text: str = "no finished runs") -> None:
    """What an empty panel says."""
    axis.set_xticks([])
    axis.set_yticks([])
    axis.text(0.5, 0.5, text, transform=axis.transAxes, ha="center", va="center", fontsize=9, color=PAPER, wrap=True)


def errors(found: Sequence[Interval]) -> list[list[float]]:
    """What lies below and above each, for matplotlib; nothing where there is no interval."""
    below = [0.0 if math.isnan(one.low) else one.mean - one.low for one in found]
    above = [0.0 if math.isnan(one.high) else one.high - one.mean for one in found]
    return [below, above]


def curve(axis: Axes, x: Sequence[float], found: Sequence[Interval], color: str, name: str, **changes: object) -> None:
    """Points with their intervals, a single value without; those that were not measured are left out."""
    known = [(place, one) for place, one in zip(x, found, strict=True) if math.isfinite(one.mean)]
    if known:
        places, ours = zip(*known, strict=True)
        style = {**MARK, "capsize": 2, "elinewidth": 1, **changes}
        axis.errorbar(places, [one.mean for one in ours], yerr=errors(ours), color=color, label=name, **style)
