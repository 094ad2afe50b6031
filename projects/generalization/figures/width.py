"""Figure 1 (f): errors, losses and effective dimension over the width of a network."""

import math
from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from projects.generalization.figures import style
from projects.generalization.figures.reading import distinct, finished, network, over_seeds, pictures
from projects.generalization.figures.style import COLORS
from projects.generalization.published import row
from shared.figures.published import Row
from shared.stats import Interval

WIDTH = "classifier.width"
FITTED = 0.01  # training errors of a model that fits everything
ALPHAS = {"1e-03": "#c6b3d0", "1e-02": "#a98bb8", "1e-01": "#8c64a0", "1e+00": "#5b2f6e"}
QUANTITIES = {
    "test/error": "test error", "train/error": "training error", "test/nll": "test loss, nats", "train/nll": "training loss, nats",
    **{f"determined/{alpha}/trace": f"N_eff, alpha = {float(alpha):g}" for alpha in ALPHAS},
}  # fmt: skip
Curve = Mapping[float, Interval]


def over_widths(table: pd.DataFrame, column: str) -> Curve:
    """Width -> the mean over seeds."""
    return dict(zip(*over_seeds(finished(table), WIDTH, column), strict=True))


def transition(table: pd.DataFrame) -> tuple[float, float]:
    """The first width that errs on fewer training labels than are wrong, and the first that errs on next to none; infinity where there is
    no such width."""
    errors = over_widths(table, "train/error")

    def first(most: float) -> float:
        return min((width for width, one in errors.items() if one.mean < most), default=math.inf)

    return first(wrong(table)), first(FITTED)


def wrong(table: pd.DataFrame) -> float:
    """Share of labels that are wrong: one in ten of those that are altered keeps its own."""
    return 0.9 * float(finished(table)["train.altered"].iloc[0])


def bump(curve: Curve) -> tuple[float, float, float]:
    """The inner maximum that stands highest above the least value before it and the least one after it: where it is, and where those
    are; NaN where a curve has no such place."""
    places = [place for place in sorted(curve) if math.isfinite(curve[place].mean)]

    def least(some: list[float]) -> float:
        return min(some, key=lambda place: curve[place].mean)

    found = {places[index]: (least(places[:index]), least(places[index + 1 :])) for index in range(1, len(places) - 1)}
    rises = {place: curve[place].mean - max(curve[side].mean for side in sides) for place, sides in found.items()}
    top = max(rises, key=rises.get, default=None)
    return (top, *found[top]) if top is not None and rises[top] > 0 else (math.nan, math.nan, math.nan)


# -- widths ---------------------------------------------------------------------------------------------------------------
def widths(table: pd.DataFrame) -> Figure:
    done = finished(table)
    title = "Fig. 1 (f)  Double descent over the width of a network, and the directions that its Hessian determines"
    figure, (errors, losses, directions) = style.canvas(title, 3, "", 4.6, caption(done))
    for name in ("test", "train"):
        for axis, kind in ((errors, "error"), (losses, "nll")):
            curve = over_widths(done, f"{name}/{kind}")
            style.curve(axis, list(curve), list(curve.values()), COLORS[name], name)
    for alpha, color in ALPHAS.items():
        curve = over_widths(done, f"determined/{alpha}/trace")
        style.curve(directions, list(curve), list(curve.values()), color, f"\u03b1 = {float(alpha):g}")
    words = {errors: "error", losses: "cross entropy, nats", directions: "N_eff of the Hessian of the mean loss"}
    for axis, text in words.items():
        if axis.lines:
            style.band(axis, *ends(done))
            style.log_ticks(axis, distinct(done, WIDTH))
        else:
            style.nothing(axis)
        style.label(axis, "width", text)
        style.legend(axis)
    if directions.lines:
        directions.set_yscale("log")
    return figure


def ends(table: pd.DataFrame) -> tuple[float, float]:
    """Of the transition, within the widths that were trained."""
    most = max(distinct(table, WIDTH))
    low, high = transition(table)
    return min(low, most), min(high, most)


def caption(done: pd.DataFrame) -> str:
    if done.empty:
        return ""
    share = f"{done['train.altered'].iloc[0]:.0%} of the labels altered, so that {wrong(done):.1%} are wrong"
    yellow = "Yellow: from fewer training errors than wrong labels to none"
    return f"{about(done)}; {share}. {yellow}. N_eff by Lanczos quadrature. Means over seeds, 95%"


def about(rows: pd.DataFrame) -> str:
    return f"{network(rows, 'ResNet-18')}; {pictures(rows, 'CIFAR-100')}"


def widths_summary(table: pd.DataFrame) -> list[Row]:
    done, rows = finished(table), []
    if done.empty:
        return rows
    low, high = transition(done)
    rows.append(row("peak", bump(over_widths(done, "test/error"))[0], "width at the inner maximum of the test error", note=about(done)))
    rows.append(row("transition", low, "first width with fewer training errors than wrong labels"))
    rows.append(row("transition", high, "first width without training errors"))
    for column, words in QUANTITIES.items():
        rows += [row(f"width {width:g}", one, words) for width, one in over_widths(done, column).items()]
    return [line for line in rows if math.isfinite(line["ours"])]
