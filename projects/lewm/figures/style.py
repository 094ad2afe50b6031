"""How every figure looks: one colour per model and per version of a trajectory; floors and ceilings without colour."""

import math
import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

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
    wrapped,
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
GAP = 0.08  # between pictures, in widths of one


def sheet(title: str, shape: tuple[int, int], size: tuple[float, float], note: str, **changes: object) -> tuple[Figure, np.ndarray]:
    """A grid of axes, [rows, columns] = shape, of `size` in inches (width, height)."""
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(wrapped(title, size[0], 11), fontsize=11, color=INK, x=0.01, ha="left")
    remark(figure, note)
    return figure, figure.subplots(*shape, squeeze=False, **changes)


def bars(
    axis: Axes,
    names: Sequence[str],
    found: Mapping[str, Sequence[Interval]],
    points: Mapping[str, Sequence[Sequence[float]]] | None = None,
    of_paper: bool = False,
) -> None:
    """One cluster per name, one bar per series, its value above it; `points` are the single runs behind a bar."""
    width = 0.84 / max(len(found), 1)
    for index, (series, ours) in enumerate(found.items()):
        spots = np.arange(len(names)) + (index - (len(found) - 1) / 2) * width
        known = [place for place, one in enumerate(ours) if math.isfinite(one.mean)]
        if not known:
            continue
        at, ones = spots[known], [ours[place] for place in known]
        heights, color = [one.mean for one in ones], COLORS.get(series, PAPER)
        edge = {"edgecolor": PAPER, "linewidth": 0.8, "linestyle": ":" if series == "replay" else "-"}
        bar = axis.bar(at, heights, width * 0.9, color=color, alpha=0.45 if of_paper else 1.0, label=NAMES.get(series, series), **edge)
        tops = [max(one.mean, one.high) - one.mean if math.isfinite(one.high) else 0.0 for one in ones]
        sure = np.array([math.isfinite(one.low) for one in ones])
        if sure.any():
            whiskers = {"fmt": "none", "ecolor": PAPER if of_paper else INK, "elinewidth": 0.8, "capsize": 1.5}
            axis.errorbar(at[sure], np.array(heights)[sure], yerr=np.array(errors(ones))[:, sure], **whiskers)
        for patch, height, top in zip(bar, heights, tops, strict=True):
            place = (patch.get_x() + patch.get_width() / 2, height + top)
            axis.annotate(
                f"{height:.3g}", place, (0, 2), textcoords="offset points", ha="center", fontsize=5.5 if len(found) > 5 else 6.5, color=INK
            )
        for place, spot in zip(known, at, strict=True) if points else ():
            runs = points.get(series, [[]] * len(names))[place]
            axis.plot(np.full(len(runs), spot), runs, "o", markersize=2.6, color=INK, alpha=0.55)
    axis.set_xticks(range(len(names)), names)
    axis.set_xlim(-0.6, len(names) - 0.4)


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


def film(
    axis: Axes, strips: Mapping[str, np.ndarray], heads: Sequence[str], given: int = 0,
    edges: Mapping[tuple[int, int], str] | None = None, said: Sequence[Sequence[str]] | None = None,
) -> None:  # fmt: skip
    """Strips of pictures, name -> uint8 [columns, h, w, 3], one below the other, a head above each column. The first `given` columns lie
    on a grey ground; `edges` are frames (row, column) -> colour; `said` is a word under each picture."""
    edges = edges or {}
    across, down = 1 + GAP, 1 + (GAP if said is None else 3 * GAP)
    if given:
        axis.add_patch(Rectangle((-GAP, -4 * GAP), given * across + GAP / 2, len(strips) * down + 4 * GAP, color="#e6e6e2", clip_on=False))
    for row, (name, pictures) in enumerate(strips.items()):
        axis.text(-2 * GAP, row * down + 0.5, textwrap.fill(name, 14), ha="right", va="center", fontsize=8, color=INK)
        for column, picture in enumerate(pictures):
            left, top = column * across, row * down
            axis.imshow(picture, extent=(left, left + 1, top + 1, top), interpolation="nearest", zorder=1)
            if said is not None:
                axis.text(left + 0.5, top + 1.02, said[row][column], ha="center", va="top", fontsize=6.5, color=INK)
            color, width = (edges[row, column], 1.6) if (row, column) in edges else ("#d5d5d0", 0.5)
            axis.add_patch(Rectangle((left, top), 1, 1, fill=False, edgecolor=color, linewidth=width))
    for column, head in enumerate(heads):
        axis.text(column * across + 0.5, -GAP, head, ha="center", va="bottom", fontsize=7, color=PAPER)
    axis.set(xlim=(-GAP, len(heads) * across), ylim=(len(strips) * down, -GAP), aspect="equal", anchor="W")
    axis.set_axis_off()
