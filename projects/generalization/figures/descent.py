"""Double descent of least squares: weak features (Figure 1 g) and random Fourier features (Belkin et al.)."""

import math

import pandas as pd
from matplotlib.figure import Figure

from projects.generalization.figures import style
from projects.generalization.figures.reading import distinct, finished, over_draws, over_seeds, pictures, where
from projects.generalization.figures.style import COLORS
from projects.generalization.published import row, value
from shared.figures.published import Row
from shared.stats import Interval

DRAWS = "features.draws"
Curve = dict[float, Interval]


def of_draws(rows: pd.DataFrame, column: str) -> Curve:
    """Features -> the median over draws."""
    return dict(zip(*over_draws(rows, "features", column, DRAWS), strict=True))


def of_seeds(rows: pd.DataFrame, column: str) -> Curve:
    """Features -> the mean over seeds."""
    return dict(zip(*over_seeds(rows, "features", column), strict=True))


def peak(curve: Curve) -> float:
    """Where a curve is highest; NaN where nothing was measured."""
    return max((place for place in curve if math.isfinite(curve[place].mean)), key=lambda place: curve[place].mean, default=math.nan)


def least(curve: Curve, low: float, high: float) -> float:
    """The smallest value with at least `low` and below `high` features."""
    return min((one.mean for place, one in curve.items() if low <= place < high), default=math.nan)


# -- weak features --------------------------------------------------------------------------------------------------------
def kind(informative: int, most: float) -> str:
    return "every feature is informative" if informative >= most else f"{informative} informative features"


def weak(table: pd.DataFrame) -> Figure:
    """Test errors; then the two conventions of effective dimension, under their own names."""
    done = finished(table)
    note = (
        "Medians over data sets; relative errors |Xw - y| / |y|; yellow: the transition as the authors draw it. Their notebook plots the "
        "undetermined directions, at alpha = 0.001 n, under the name of effective dimension; what is determined can only grow"
    )
    title = "Fig. 1 (g)  Double descent of least squares on weak features"
    figure, (errors, determined, undetermined) = style.canvas(title, 3, "", 4.4, note if len(done) else "")
    for index, informative in enumerate(distinct(done, "features.informative")[::-1]):
        rows = where(done, features__informative=informative)
        name, changes = kind(informative, rows["features"].max()), {"linestyle": ("-", "--")[min(index, 1)]}
        for column, color in (("test_error", "test"), ("train_error", "train")):
            places, found = over_draws(rows, "features", column, DRAWS)
            style.line(errors, places, found, COLORS[color], f"{column[:-6]}, {name}", **changes)
        for axis, column in ((determined, "determined"), (undetermined, "undetermined")):
            style.line(axis, *over_draws(rows, "features", column, DRAWS), COLORS[column], name, **changes)
    labels = ((errors, "relative error", ""), (determined, "determined directions, N_eff", "can only grow"),
              (undetermined, "undetermined, min(n, d) - N_eff", "peaks with the error"))  # fmt: skip
    for axis, words, title in labels:
        if axis.lines:
            style.band(axis, value("weak.transition_low"), value("weak.transition_high"))
        else:
            style.nothing(axis)
        style.label(axis, "features d", words, title)
        style.legend(axis)
    if errors.lines:
        errors.set_ylim(0, 2)
        errors.get_legend().set_loc("upper left")  # the peaks fill the other side
    return figure


def weak_summary(table: pd.DataFrame) -> list[Row]:
    done, rows = finished(table), []
    for informative in distinct(done, "features.informative"):
        found = where(done, features__informative=informative)
        name = kind(informative, found["features"].max())
        for column in ("test_error", "undetermined"):
            rows.append(row(name, peak(of_draws(found, column)), f"features at the peak of {column.replace('_', ' ')}", "weak.peak"))
        shown = [place for place in distinct(found, "features") if place % 50 in (49, 0, 1) or 190 < place < 210]
        for column in ("test_error", "determined", "undetermined"):
            curve = of_draws(found, column)
            rows += [row(f"{name}, d = {place:.0f}", curve[place], column.replace("_", " ")) for place in shown]
    return [line for line in rows if math.isfinite(line["ours"])]


# -- random Fourier features ----------------------------------------------------------------------------------------------
def fourier(table: pd.DataFrame) -> Figure:
    """Errors and the norm of the weights against the number of features."""
    done = finished(table)
    note = f"{pictures(done, 'MNIST')}; labels altered: {done['features.altered'].iloc[0]:.0%}. Means over seeds, 95%" if len(done) else ""
    figure, (errors, norms) = style.canvas("Double descent of random Fourier features", 2, "", 5.0, note)
    for column, color in (("test_error", "test"), ("train_error", "train")):
        curve = of_seeds(done, column)
        style.curve(errors, list(curve), list(curve.values()), COLORS[color], column.replace("_", " "))
    curve = of_seeds(done, "norm")
    style.curve(norms, list(curve), list(curve.values()), COLORS["norm"], "")
    for axis, words in ((errors, "error"), (norms, "norm of the weights")):
        if axis.lines:
            n = int(done["data.train"].iloc[0])
            axis.axvline(n, color=style.PAPER, linewidth=0.8, linestyle=":")
            style.log_ticks(axis, [n * share for share in (0.02, 0.1, 0.5, 1, 2, 10)])
        else:
            style.nothing(axis)
        style.label(axis, "random features N", words)
        style.legend(axis)
    if norms.lines:
        norms.set_yscale("log")
    return figure


def fourier_summary(table: pd.DataFrame) -> list[Row]:
    done, rows = finished(table), []
    if done.empty:
        return rows
    n, note = int(done["data.train"].iloc[0]), pictures(done, "MNIST")
    for column in ("test_error", "norm"):
        words = f"features per picture, {column.replace('_', ' ')}"
        rows.append(row("peak", peak(of_seeds(done, column)) / n, words, "fourier.peak_share", note))
    for column in ("test_error", "train_error", "norm"):
        curve = of_seeds(done, column)
        rows += [row(f"N = {place:.0f}", one, column.replace("_", " "), note=note) for place, one in curve.items()]
    return rows
