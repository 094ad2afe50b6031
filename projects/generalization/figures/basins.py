"""Flat minima are large: the basins of a network that learned two spirals, and of one that was poisoned (Huang et al., 2020)."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from projects.generalization.figures import style
from projects.generalization.figures.reading import finished, mean
from projects.generalization.figures.style import COLORS
from projects.generalization.published import row
from shared.figures.published import Row
from shared.stats import Interval, paired_interval

KINDS = {"good": "learned from the points", "poisoned": "poisoned"}
SIDES = ListedColormap(["#dbe6ef", "#f6ddd7"])
DIGIT = math.log(10)


def of_kind(done: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Rows of the networks that saw no point with a wrong label, or of those that saw some, by seed."""
    if "spirals.beta" not in done:
        return done.iloc[:0]
    return done[(done["spirals.beta"] == 0) == (kind == "good")].sort_values("seed")


def orders(done: pd.DataFrame) -> Interval:
    """Orders of magnitude by which the volume of the good network exceeds that of the poisoned one, over seeds."""
    good, poisoned = (of_kind(done, kind).set_index("seed") for kind in KINDS)
    both = sorted({*good.index} & {*poisoned.index}) if "volume/ln" in done else []
    ours, theirs = (([float(rows["volume/ln"][seed]) / DIGIT for seed in both]) for rows in (good, poisoned))
    return paired_interval(ours, theirs)


def volume(table: pd.DataFrame) -> Figure:
    """What two networks answer; the radii of their basins; volume beside test error."""
    done = finished(table)
    note = ""
    if len(done):
        one = done.iloc[0]
        note = (
            f"Basin: training loss below {one['volume.tau']:g} on the straight line from the minimum; radii along "
            f"{int(one['volume.directions']):,} directions, in root mean squares of the filters. Poisoned: also trained on points with the "
            "label of the other class. The volume is a mean of powers as high as there are parameters: it hangs on the largest radius drawn"
        )
    figure, axes = style.canvas("Good minima are wide: two spirals, two networks, no training errors", 4, "", 3.7, note)
    for axis, (kind, name) in zip(axes, KINDS.items(), strict=False):
        rows = of_kind(done, kind)
        answers(axis, rows, name) if len(rows) else style.nothing(axis)
    for kind, name in KINDS.items():
        radii(axes[2], of_kind(done, kind), COLORS[kind], name)
        beside_errors(axes[3], of_kind(done, kind), COLORS[kind], name)
    for axis, x, y in ((axes[2], "radius", "directions with a smaller one"), (axes[3], "log10 of the volume", "test error")):
        if not axis.has_data():
            style.nothing(axis)
        style.label(axis, x, y)
        style.legend(axis)
    return figure


def answers(axis: Axes, rows: pd.DataFrame, name: str) -> None:
    """The class that the first network gives to each place, and its training points."""
    one, arrays = rows.iloc[0], rows.iloc[0].get("arrays")
    if isinstance(arrays, dict):
        reach = arrays["grid"][-1]
        axis.imshow(arrays["answers"], origin="lower", extent=(-reach, reach) * 2, cmap=SIDES, interpolation="nearest")
        for label, color in enumerate((COLORS["train"], COLORS["test"])):
            axis.plot(*arrays["x"][arrays["labels"] == label].T, linestyle="none", marker=".", markersize=1.5, color=color)
    axis.set_xticks([])
    axis.set_yticks([])
    style.label(axis, "", "", f"{name}: error {one['train/error']:.1%} training, {one['test/error']:.1%} test")


def radii(axis: Axes, rows: pd.DataFrame, color: str, name: str) -> None:
    """How many directions have a smaller radius, a line per seed."""
    for place, arrays in enumerate(found for found in rows.get("arrays", ()) if isinstance(found, dict)):
        found = np.sort(arrays["radii"])
        axis.plot(found, np.arange(1, len(found) + 1) / len(found), color=color, linewidth=1.4, label="" if place else name)
        axis.set_xscale("log")


def beside_errors(axis: Axes, rows: pd.DataFrame, color: str, name: str) -> None:
    if len(rows) and "volume/ln" in rows:
        axis.plot(rows["volume/ln"] / DIGIT, rows["test/error"], **style.MARK | {"linestyle": "none"}, color=color, label=name)
        axis.set_ylim(-0.03, 1)


def volume_summary(table: pd.DataFrame) -> list[Row]:
    done, rows = finished(table), []
    for kind, name in KINDS.items():
        some, key = of_kind(done, kind), "volume.poisoned_test_error" if kind == "poisoned" else ""
        note = f"{int(some['parameters'].iloc[0]):,} parameters" if len(some) and "parameters" in some else ""
        digits = some.assign(digits=some["volume/ln"] / DIGIT) if "volume/ln" in some else some
        rows.append(row(name, mean(digits, "digits"), "log10 of the volume", note=note))
        rows.append(row(name, mean(some, "radius/median"), "median radius, in root mean squares of the filters"))
        rows.append(row(name, mean(some, "volume/largest"), "share of the largest radius in the volume"))
        rows.append(row(name, mean(some, "test/error"), "test error", key))
        rows.append(row(name, mean(some, "train/error"), "training error"))
    note = "theirs: SVHN, ResNet-18"
    rows.append(row("good less poisoned", orders(done), "orders of magnitude of the volume", "volume.svhn_orders", note))
    return [line for line in rows if math.isfinite(line["ours"])]
