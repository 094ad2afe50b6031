"""Violation of expectation (Figures 10 and 13): surprise around the moment when something teleports, or changes its colour."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from projects.lewm.figures import style
from projects.lewm.figures.reading import ENVIRONMENTS, arrays, facts, finished, groups, known, mean, remark
from projects.lewm.published import row
from shared.figures.published import Row

VERSIONS = ("normal", "visual", "teleport")  # of a trajectory; the order of the arrays
EVENT = 10  # the first frame that is not as it was
BEFORE = 2  # frames of the example before the event


def surprising(table: pd.DataFrame, title: str) -> Figure:
    """By environment: the median surprise of all trajectories and the middle four fifths, and one of them in pictures."""
    rows = finished(table)
    note = remark(rows, "Median and 10 to 90% of trajectories", "Under the pictures of one of them: their surprises")
    worlds = {name: (runs, arrays(runs)[0]) for name, runs in groups(rows, "env.name").items() if arrays(runs)}
    columns = max(len(worlds), 1)
    figure, axes = style.sheet(title, (2, columns), (5.0 * columns + 0.4, 6.6), note)
    for (top, bottom), (world, (runs, found)) in zip(axes.T, worlds.items(), strict=False):
        style.plain(top)
        curves(top, found)
        y = "surprise" if top is axes[0, 0] else ""
        style.label(top, "frame, from the event", y, f"{ENVIRONMENTS.get(world, world)}. {verdict(runs)}")
        example(bottom, found)
    if not worlds:
        style.nothing(axes[0, 0])
        axes[1, 0].set_axis_off()
    return figure


def curves(axis: Axes, found: dict[str, np.ndarray]) -> None:
    for version in VERSIONS:
        if f"{version}_quantiles" not in found:
            continue
        low, middle, high = found[f"{version}_quantiles"]
        frames = np.arange(1, len(middle) + 1) - EVENT  # the first frame has no surprise
        axis.fill_between(frames, low, high, color=style.COLORS[version], alpha=0.18, linewidth=0)
        axis.plot(frames, middle, "-", color=style.COLORS[version], linewidth=1.7, label=style.NAMES[version])
    axis.axvline(0, color=style.INK, linewidth=0.8, linestyle=":")
    style.log_axis(axis)
    axis.xaxis.set_major_locator(MultipleLocator(3))
    style.legend(axis, columns=3)
    axis.margins(x=0.01, y=0.22)


def verdict(runs: pd.DataFrame) -> str:
    """How much more surprising the frame of the event is, in words."""
    parts = []
    for version, words in (("teleport", "teleport"), ("visual", "colour")):
        ratio, p = (mean(runs, f"{name}/{version}").mean for name in ("ratio", "p"))
        if math.isfinite(ratio):
            parts.append(f"{words} {style.short(ratio)}x (p {p:.0e})" if p < 0.01 else f"{words} {style.short(ratio)}x (p {p:.2f})")
    return ", ".join(parts)


def example(axis: Axes, found: dict[str, np.ndarray]) -> None:
    """One trajectory in its three versions, two frames before the event and four from it on."""
    if "example_frames" not in found:
        axis.set_axis_off()
        return
    frames = found["example_frames"]  # [3, 6, h, w, 3]
    count = frames.shape[1]
    heads = [f"{offset:+d}" if offset else "event" for offset in range(-BEFORE, count - BEFORE)]
    edges = {(row, column): style.COLORS[VERSIONS[row]] for row in range(1, len(VERSIONS)) for column in range(BEFORE, count)}
    places = range(EVENT - BEFORE, EVENT - BEFORE + count)
    said = [[style.short(line[place - 1]) for place in places] for line in found["example_surprises"]]
    style.film(axis, {style.NAMES[version]: strip for version, strip in zip(VERSIONS, frames, strict=True)}, heads, edges=edges, said=said)


def surprising_summary(table: pd.DataFrame, name: str) -> list[Row]:
    rows = []
    for world, runs in groups(finished(table), "env.name").items():
        where, note = ENVIRONMENTS.get(world, world), facts(runs)
        rows.append(row(f"{where}, as it was", mean(runs, "surprise/normal"), "surprise", "", note))
        rows.append(row(f"{where}, as it was", mean(runs, "alarms/normal", 100.0), "false alarms, %", "", "1% expected"))
        for version in VERSIONS[1:]:
            setting = f"{where}, {style.NAMES[version]}"
            rows.append(row(setting, mean(runs, f"ratio/{version}"), "surprise at the event, x normal", "", note))
            rows.append(row(setting, mean(runs, f"p/{version}"), "p, paired t-test", f"{name}.p_{version}_{world}"))
            rows.append(row(setting, mean(runs, f"peak_ratio/{version}"), "highest surprise from the event on, x normal"))
            rows.append(row(setting, mean(runs, f"peak_p/{version}"), "p of that"))
            rows.append(row(setting, mean(runs, f"detected/{version}", 100.0), "highest score at the very frame, %"))
            rows.append(row(setting, mean(runs, f"auroc/{version}"), "AUROC against normal frames"))
            rows.append(row(setting, mean(runs, f"alarms/{version}", 100.0), "alarms at the event, %"))
    return known(rows)


def fig10(table: pd.DataFrame) -> Figure:
    """LeWM."""
    return surprising(table, "Fig. 10  Is LeWM surprised by a teleport, by another colour?")


def fig10_summary(table: pd.DataFrame) -> list[Row]:
    return surprising_summary(table, "fig10")


def fig13(table: pd.DataFrame) -> Figure:
    """PLDM."""
    return surprising(table, "Fig. 13  Is PLDM surprised by a teleport, by another colour?")


def fig13_summary(table: pd.DataFrame) -> list[Row]:
    return surprising_summary(table, "fig13")
