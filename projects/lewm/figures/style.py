"""How every figure looks: one colour per model and per version of a trajectory; floors and ceilings without colour."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from shared.figures.bars import clusters
from shared.figures.film import film
from shared.figures.style import (
    HOLLOW,
    INK,
    MARK,
    PAPER,
    canvas,
    curve,
    errors,
    label,
    legend,
    log_ticks,
    nothing,
    plain,
    remark,
    sheet,
)
from shared.stats import Interval

__all__ = [
    "COLORS", "HOLLOW", "INK", "MARK", "NAMES", "PAPER", "bars", "canvas", "colours", "curve", "errors", "film", "label", "legend",
    "log_axis", "log_ticks", "nothing", "per_cent", "plain", "remark", "sheet", "short",
]  # fmt: skip

COLORS = {
    "lewm": "#c8553d", "pldm": "#2f6690", "random": "#c3c6cb", "noop": "#e4e5e8", "scripted": "none", "replay": "none",
    "dinowm": "#7d7f85", "gcbc": "#a9abb0", "gciql": "#c3c6cb", "gcivl": "#dcdde0", "patches": "#7d7f85",
    "normal": "#8a8f98", "visual": "#d59a2e", "teleport": "#c8553d",
}  # fmt: skip
NAMES = {
    "lewm": "LeWM", "pldm": "PLDM", "random": "random play", "noop": "no motion", "scripted": "scripted controller",
    "replay": "recorded actions", "dinowm": "DINO-WM", "gcbc": "GCBC", "gciql": "GCIQL", "gcivl": "GCIVL",
    "normal": "as it was", "visual": "another colour", "teleport": "teleport",
}  # fmt: skip
# [v, u, rgb]: the corners of colours of two dimensions
CORNERS = np.array([[[0.0, 0.68, 0.80], [1.0, 0.84, 0.16]], [[0.30, 0.16, 0.72], [0.93, 0.18, 0.36]]])


def bars(
    axis: Axes,
    names: Sequence[str],
    found: Mapping[str, Sequence[Interval]],
    points: Mapping[str, Sequence[Sequence[float]]] | None = None,
    of_paper: bool = False,
) -> None:
    """As everywhere, every series in its colour and by its name."""
    looks = {series: {"color": COLORS.get(series, PAPER), "label": NAMES.get(series, series)} for series in found}
    if "replay" in looks:
        looks["replay"]["linestyle"] = ":"
    clusters(axis, names, found, looks, points, of_paper)


def per_cent(axis: Axes, room: float = 1.0) -> None:
    """0 to 100, and some room above for the legend."""
    axis.set_ylim(0, 108 * room)
    axis.set_yticks(range(0, 101, 20))


def log_axis(axis: Axes) -> None:
    """A logarithmic y axis; within a decade it names more than its power, in small letters."""
    axis.set_yscale("log")
    axis.tick_params(axis="y", which="minor", labelsize=6.5)


def short(value: float) -> str:
    """Three digits, without a power of ten."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def colours(places: np.ndarray) -> np.ndarray:
    """Places [N, 2] -> colours [N, 3] that vary smoothly over their rectangle, so that neighbours look alike."""
    low, high = places.min(0), places.max(0)
    u, v = ((places - low) / np.where(high > low, high - low, 1)).T[:, :, None]
    light = CORNERS**2  # about linear, so that the middle is not dark
    return np.sqrt((1 - v) * ((1 - u) * light[0, 0] + u * light[0, 1]) + v * ((1 - u) * light[1, 0] + u * light[1, 1]))
