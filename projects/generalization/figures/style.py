"""How every figure looks: one colour per quantity and per model."""

from matplotlib.axes import Axes

from shared.figures.style import HOLLOW, INK, MARK, PAPER, canvas, curve, label, legend, log_ticks, nothing, plain

__all__ = [
    "COLORS", "HOLLOW", "INK", "MARK", "PAPER", "band", "canvas", "curve", "label", "legend", "line", "log_ticks", "nothing", "plain",
]  # fmt: skip

COLORS = {
    "test": "#c8553d", "train": "#2f6690", "evidence": "#4f8a4c", "norm": "#7a4988", "determined": "#4f8a4c", "undetermined": "#d59a2e",
    "parameters": "#d59a2e", "function": "#4f8a4c", "truth": "#c3c6cb", "monomial": "#2f6690", "legendre": "#c8553d",
    "true": "#2f6690", "random": "#c8553d", "text": "#2f6690", "shuffled": "#c8553d",
    "order 2": "#8a8f98", "order 15": "#2f6690", "order 15, soft": "#c8553d",
    "bezier": "#2f6690", "polychain": "#4f8a4c", "line": "#8a8f98",
    "good": "#2f6690", "poisoned": "#c8553d",
}  # fmt: skip


def line(axis: Axes, x, found, color: str, name: str, **changes: object) -> None:
    """A curve of many places: the middle, and a shade over its intervals."""
    places = [place for place, one in zip(x, found, strict=True) if one.mean == one.mean]
    ours = [one for one in found if one.mean == one.mean]
    axis.plot(places, [one.mean for one in ours], color=color, label=name, linewidth=1.6, **changes)
    if all(one.low == one.low for one in ours):
        axis.fill_between(places, [one.low for one in ours], [one.high for one in ours], color=color, alpha=0.2, linewidth=0)


def band(axis: Axes, low: float, high: float) -> None:
    """Where a transition is drawn by the authors."""
    axis.axvspan(low, high, color="#f1e3bf", zorder=0, linewidth=0)
