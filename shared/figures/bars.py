"""Bars in clusters, with intervals, their values above them, and a dot for every run behind one."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from shared.figures.style import INK, PAPER, errors
from shared.stats import Interval


def clusters(
    axis: Axes,
    names: Sequence[str],
    found: Mapping[str, Sequence[Interval]],
    looks: Mapping[str, Mapping[str, object]],
    points: Mapping[str, Sequence[Sequence[float]]] | None = None,
    of_paper: bool = False,
) -> None:
    """One cluster per name, one bar per series, drawn as `looks` says (color, label, ...); what was not measured has no bar. `points` are
    the single runs behind a bar."""
    width = 0.84 / max(len(found), 1)
    for index, (series, ours) in enumerate(found.items()):
        spots = np.arange(len(names)) + (index - (len(found) - 1) / 2) * width
        known = [place for place, one in enumerate(ours) if math.isfinite(one.mean)]
        if not known:
            continue
        at, ones = spots[known], [ours[place] for place in known]
        heights = [one.mean for one in ones]
        edge = {"edgecolor": PAPER, "linewidth": 0.8, "alpha": 0.45 if of_paper else 1.0}
        bar = axis.bar(at, heights, width * 0.9, **edge | looks[series])
        tops = [max(one.mean, one.high) - one.mean if math.isfinite(one.high) else 0.0 for one in ones]
        sure = np.array([math.isfinite(one.low) for one in ones])
        if sure.any():
            whiskers = {"fmt": "none", "ecolor": PAPER if of_paper else INK, "elinewidth": 0.8, "capsize": 1.5}
            axis.errorbar(at[sure], np.array(heights)[sure], yerr=np.array(errors(ones))[:, sure], **whiskers)
        for patch, height, top in zip(bar, heights, tops, strict=True):
            place, size = (patch.get_x() + patch.get_width() / 2, height + top), 5.5 if len(found) > 5 else 6.5
            axis.annotate(f"{height:.3g}", place, (0, 2), textcoords="offset points", ha="center", fontsize=size, color=INK)
        for place, spot in zip(known, at, strict=True) if points else ():
            runs = points.get(series, [[]] * len(names))[place]
            axis.plot(np.full(len(runs), spot), runs, "o", markersize=2.6, color=INK, alpha=0.55)
    axis.set_xticks(range(len(names)), names)
    axis.set_xlim(-0.6, len(names) - 0.4)
