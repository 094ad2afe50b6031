"""How every figure looks: one colour per recipe, filled marks for our runs, a grey panel with hollow marks for the paper's numbers."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, LogLocator, NullLocator

from projects.infinite_compute.laws import Limit, curve
from projects.infinite_compute.tables import Cell
from shared.stats import Interval

COLORS = {
    "standard": "#c8553d",
    "regularised": "#2f6690",
    "ensemble": "#4f8a4c",
    "joint": "#7a4988",
    "distilled": "#d59a2e",
}
PAPER = "#8b8b86"
INK = "#2b2b2b"
SHADES = ("#b7d3e6", "#7fb0d1", "#4a86ad", "#1f4e6e", "#0f2c40")  # small D to large D
MARK = {"marker": "o", "markersize": 5.5, "linewidth": 1.6}
HOLLOW = {"marker": "o", "markersize": 5.5, "markerfacecolor": "none", "linewidth": 1.0, "color": PAPER}


def canvas(title: str, columns: int = 1, paper: str = "", width: float = 4.2) -> tuple[Figure, list[Axes]]:
    """A row of axes; with `paper` (what its panel shows) the last one is the paper's, on its own scale."""
    total = columns + bool(paper)
    figure = Figure(figsize=(width * total + 0.4, 3.9), layout="constrained")
    figure.suptitle(title, fontsize=11, color=INK, x=0.01, ha="left")
    axes = list(np.atleast_1d(figure.subplots(1, total)))
    for axis in axes:
        plain(axis)
    if paper:
        axes[-1].set_facecolor("#f4f4f1")
        axes[-1].set_title(f"paper: {paper}", fontsize=9, color=PAPER, loc="left")
    return figure, axes


def plain(axis: Axes) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color("#aaaaaa")
    axis.tick_params(labelsize=8, colors=INK)
    axis.grid(axis="y", color="#e6e6e2", linewidth=0.7)
    axis.set_axisbelow(True)
    axis.xaxis.label.set_size(9)
    axis.yaxis.label.set_size(9)


def label(axis: Axes, x: str, y: str = "validation loss, nats per token", title: str = "") -> None:
    axis.set_xlabel(x, fontsize=9)
    axis.set_ylabel(y, fontsize=9)
    if title:
        axis.set_title(title, fontsize=9, color=INK, loc="left")


def legend(axis: Axes) -> None:
    if axis.get_legend_handles_labels()[1]:
        axis.legend(fontsize=7.5, frameon=False, handlelength=1.6)


def log_ticks(axis: Axes, values: Sequence[float], names: Sequence[str] | None = None) -> None:
    """A logarithmic x axis with ticks at these values only."""
    kept = dict(sorted(zip(values, names or [f"{value:g}" for value in values], strict=True)))
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(FixedLocator(list(kept)))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set_xticklabels(list(kept.values()))


def log_numbers(axis: Axes) -> None:
    """A logarithmic y axis that writes plain numbers."""
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axis.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
    axis.yaxis.set_minor_locator(NullLocator())


def nothing(axis: Axes, text: str) -> None:
    """What an empty panel says."""
    axis.set_xticks([])
    axis.set_yticks([])
    axis.text(0.5, 0.5, text, transform=axis.transAxes, ha="center", va="center", fontsize=9, color=PAPER, wrap=True)


def size_ticks(axis: Axes, cells: Sequence[Cell]) -> None:
    """Parameters on a logarithmic axis, one tick per model."""
    names = {cell.params: f"{cell.model}\n{short(cell.params)}" for cell in cells}
    if names:
        log_ticks(axis, list(names), list(names.values()))
        axis.set_xlim(min(names) * 0.75, max(names) * 1.6)


def short(count: float) -> str:
    """62,624 -> '0.063M'."""
    return f"{count / 1e9:.2g}B" if count >= 1e9 else f"{count / 1e6:.2g}M"


def whiskers(axis: Axes, x: Sequence[float], found: Sequence[Interval], color: str, name: str, line: bool = True) -> None:
    """Means with their intervals; a single seed has a mark and no whisker."""
    means = [one.mean for one in found]
    below = [0 if math.isnan(one.low) else one.mean - one.low for one in found]
    above = [0 if math.isnan(one.high) else one.high - one.mean for one in found]
    style = {**MARK, "linewidth": MARK["linewidth"] if line else 0}
    axis.errorbar(x, means, yerr=[below, above], color=color, label=name, capsize=2, elinewidth=1, **style)


def law(axis: Axes, limit: Limit, low: float, high: float, color: str, unit: float = 1.0, name: str = "", band: bool = True) -> None:
    """The fitted curve between two abscissae (in units of `unit`), and its asymptote; a refused fit is not drawn."""
    if not limit.fit.refused:
        x, y = curve(limit.fit, low / unit, high / unit)
        axis.plot(x * unit, y, color=color, linewidth=1, linestyle="--", alpha=0.8)
    asymptote(axis, limit, color, name, band)


def asymptote(axis: Axes, limit: Limit, color: str, name: str = "", band: bool = True) -> None:
    """The limit and (as a band) its interval; a refused fit leaves its reason in the legend, an undetermined limit its doubt."""
    if limit.fit.refused:
        if name:
            axis.plot([], [], " ", label=f"{name}: no limit ({limit.fit.refused})")
        return
    axis.axhline(limit.value, color=color, linewidth=1, linestyle=":", label=f"{name} {limit.label}" if name else None)
    if band and limit.determined and math.isfinite(limit.interval.low):
        height = limit.interval.high - limit.interval.low
        where = axis.get_yaxis_transform()  # as an artist it does not stretch the axis: an interval can be far wider than the data
        axis.add_artist(Rectangle((0, limit.interval.low), 1, height, transform=where, color=color, alpha=0.08, linewidth=0))


def shade(index: int, count: int) -> str:
    """The colour of D number `index` of `count`, light to dark."""
    return SHADES[round(index * (len(SHADES) - 1) / max(count - 1, 1))]
