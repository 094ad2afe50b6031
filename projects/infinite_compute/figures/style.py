"""How every figure looks: one colour per recipe, and a law with its asymptote."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, NullLocator

from projects.infinite_compute import laws
from projects.infinite_compute.tables import Cell
from shared.figures import style
from shared.figures.style import HOLLOW, INK, MARK, PAPER, canvas, curve, legend, log_ticks, nothing, plain

__all__ = [
    "COLORS", "HOLLOW", "INK", "MARK", "PAPER", "asymptote", "canvas", "curve", "label", "law", "legend", "log_numbers", "log_ticks",
    "nothing", "plain", "shade", "size_ticks",
]  # fmt: skip

COLORS = {
    "standard": "#c8553d",
    "regularised": "#2f6690",
    "ensemble": "#4f8a4c",
    "joint": "#7a4988",
    "distilled": "#d59a2e",
}
SHADES = ("#b7d3e6", "#7fb0d1", "#4a86ad", "#1f4e6e", "#0f2c40")  # small D to large D


def label(axis: Axes, x: str, y: str = "validation loss, nats per token", title: str = "") -> None:
    style.label(axis, x, y, title)


def log_numbers(axis: Axes) -> None:
    """A logarithmic y axis that writes plain numbers."""
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axis.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
    axis.yaxis.set_minor_locator(NullLocator())


def size_ticks(axis: Axes, cells: Sequence[Cell]) -> None:
    """Parameters on a logarithmic axis, one tick per model."""
    names = {cell.params: f"{cell.model}\n{short(cell.params)}" for cell in cells}
    if names:
        log_ticks(axis, list(names), list(names.values()))
        axis.set_xlim(min(names) * 0.75, max(names) * 1.6)


def short(count: float) -> str:
    """62,624 -> '0.063M'."""
    return f"{count / 1e9:.2g}B" if count >= 1e9 else f"{count / 1e6:.2g}M"


def law(axis: Axes, limit: laws.Limit, low: float, high: float, color: str, unit: float = 1.0, name: str = "", band: bool = True) -> None:
    """The fitted curve between two abscissae (in units of `unit`), and its asymptote; a refused fit is not drawn."""
    if not limit.fit.refused:
        x, y = laws.curve(limit.fit, low / unit, high / unit)
        axis.plot(x * unit, y, color=color, linewidth=1, linestyle="--", alpha=0.8)
    asymptote(axis, limit, color, name, band)


def asymptote(axis: Axes, limit: laws.Limit, color: str, name: str = "", band: bool = True) -> None:
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
