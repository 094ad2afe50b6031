"""Curves of low loss between two networks, and the straight line."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from projects.generalization.figures import style
from projects.generalization.figures.reading import finished, mean, network, pictures, where
from projects.generalization.figures.style import COLORS
from projects.generalization.published import row
from shared.figures.published import Row
from shared.figures.reading import arrays
from shared.stats import Interval, mean_interval

CURVES = {"bezier": "quadratic B\u00e9zier curve", "polychain": "chain of two lines"}
PANELS = {"train/nll": "training loss, nats", "test/error": "test error"}


def modes(table: pd.DataFrame) -> Figure:
    """Training loss and test error along both curves and along the line."""
    done = finished(table)
    note = f"{about(done)}. Means over pairs of networks, 95%" if len(done) else ""
    figure, axes = style.canvas("Two networks are connected by a curve of low loss", 2, "", 5.4, note)
    for axis, (column, words) in zip(axes, PANELS.items(), strict=True):
        if arrays(done):
            draw(axis, done, column)
        else:
            style.nothing(axis)
        style.label(axis, "t", words)
        style.legend(axis)
    return figure


def draw(axis: Axes, done: pd.DataFrame, column: str) -> None:
    """Losses by their logarithm: those of the ends are next to nothing."""
    for curve, name in CURVES.items():
        style.line(axis, *along(where(done, modes__curve=curve), f"curve/{column}"), COLORS[curve], name)
    style.line(axis, *along(done.drop_duplicates(["modes.first", "modes.second"]), f"line/{column}"), COLORS["line"], "straight line")
    if column.endswith("nll"):
        axis.set_yscale("log")
    else:
        axis.set_ylim(bottom=0)


def along(rows: pd.DataFrame, name: str) -> tuple[list[float], list[Interval]]:
    """Every t, and the mean over runs there."""
    found = arrays(rows)
    if not found:
        return [], []
    return found[0]["t"].tolist(), [mean_interval(values) for values in np.stack([one[name] for one in found], 1)]


def about(rows: pd.DataFrame) -> str:
    return f"{network(rows, 'VGG-16')}; {pictures(rows, 'CIFAR-10')}"


def modes_summary(table: pd.DataFrame) -> list[Row]:
    done, rows = finished(table), []
    places = {**{(curve, "curve"): f"worst on the {name}" for curve, name in CURVES.items()}, ("", "line"): "worst on the straight line",
              ("", "ends"): "worse of the ends"}  # fmt: skip
    for (curve, place), setting in places.items():
        some = where(done, modes__curve=curve) if curve else done.drop_duplicates(["modes.first", "modes.second"])
        rows += [row(setting, mean(some, f"{place}/{column}"), words, note=about(done)) for column, words in PANELS.items()]
    for curve, name in CURVES.items():
        some = where(done, modes__curve=curve)
        ratio = mean(some.assign(ratio=some["curve/test/error"] / some["ends/test/error"]), "ratio") if len(some) else math.nan
        rows.append(row(f"worst on the {name}", ratio, "test error, in those of the worse end", f"modes.{curve}", about(done)))
    return [line for line in rows if math.isfinite(line["ours"])]
