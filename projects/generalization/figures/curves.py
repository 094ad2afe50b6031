"""Figure 1 (a-c), and the study of orders."""

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from projects.generalization.figures import style
from projects.generalization.figures.reading import distinct, finished, median, over_draws, where
from projects.generalization.figures.style import COLORS
from projects.generalization.published import row
from projects.generalization.targets import TARGETS
from shared.figures.published import Row

DRAWS = "polynomial.draws"
PASSED = 1e-2  # of the standard deviation: how near a curve must come to call noise passed through
PANELS = {"simple": "(a) simple: sin(x) cos(x\u00b2)", "structured": "(b) structured: x + cos(\u03c0x)", "noise": "(c) noise"}
Setting = tuple[str, float, float, int]  # basis, growth, noise, points


# -- Figure 1 (a-c) -------------------------------------------------------------------------------------------------------
def of(table: pd.DataFrame, target: str, setting: Setting) -> pd.DataFrame:
    basis, growth, noise, points = setting
    return where(table, polynomial__target=target, polynomial__basis=basis, growth=growth, noise=noise, points=points)


def settings(table: pd.DataFrame) -> list[Setting]:
    """Every model and number of points that was fitted."""
    columns = ["polynomial.basis", "growth", "noise", "points"]
    if not set(columns) <= set(table):
        return []
    found = table[columns].drop_duplicates().itertuples(index=False)
    return [(basis, growth, noise, int(points)) for basis, growth, noise, points in found]


def chosen(table: pd.DataFrame) -> Setting | None:
    """Of the models that pass through the noise, at the most points at which one does, that which is nearest to both functions between
    the points."""
    passing = [one for one in settings(table) if median(of(table, "noise", one), "train", DRAWS).mean < PASSED]
    most = max((one[3] for one in passing), default=0)
    found = {one: worst(table, one) for one in passing if one[3] == most}
    return min(found, key=found.get) if found else None


def worst(table: pd.DataFrame, setting: Setting) -> float:
    errors = [median(of(table, target, setting), "inside", DRAWS).mean for target in ("simple", "structured")]
    return max(errors) if all(map(math.isfinite, errors)) else math.inf


def recalled(table: pd.DataFrame) -> Setting | None:
    """The penalty that is recalled as the paper's, on monomials, at the most points."""
    found = [one for one in settings(table) if one[:2] == ("monomial", 2.0)]
    return max(found, key=lambda one: (one[3], -one[2]), default=None)


def spelled(setting: Setting) -> str:
    basis, growth, noise, points = setting
    kind = "monomials" if basis == "monomial" else "Legendre polynomials"
    return f"{kind}, \u03b3 = {growth:g}, \u03c3 = {noise:g}, {points} points"


def polynomials(table: pd.DataFrame) -> Figure:
    """Curves of the first data set: the model that does all three, and the penalty recalled as the paper's."""
    done = finished(table)
    lines = {"legendre": chosen(done), "monomial": recalled(done)}
    note = "; ".join(f"{('red', 'blue')[index]}: {spelled(one)}" for index, one in enumerate(lines.values()) if one)
    draws = f"{int(done[DRAWS].iloc[0])} data sets, in standard deviations; the first is drawn" if len(done) else ""
    note += f". Penalty 1e-4 \u03b3^j on order j; points, range and noise are ours, the paper names none. Errors: medians over {draws}"
    figure, axes = style.canvas("Fig. 1 (a-c)  One model of order 150 with a soft penalty", 3, "", 4.4, note if any(lines.values()) else "")
    for axis, (target, title) in zip(axes, PANELS.items(), strict=True):
        drawn = [draw(axis, of(done, target, one), one, COLORS[color]) for color, one in lines.items() if one]
        if any(drawn):
            axis.legend(fontsize=7.5, handlelength=1.6, loc="lower right", framealpha=0.85, edgecolor="none")
        else:
            style.nothing(axis)
        style.label(axis, "x", "y" if target == "simple" else "", title)
    return figure


def draw(axis, rows: pd.DataFrame, setting: Setting, color: str) -> bool:
    """The points, what is true, and the curve."""
    if rows.empty or not isinstance(rows.iloc[0].get("arrays"), dict):
        return False
    one = rows.iloc[0]
    arrays, target, points = one["arrays"], one["polynomial.target"], setting[3]
    grid, place = arrays["grid"], int(one["step"])
    if target in TARGETS and not axis.lines:
        axis.plot(grid, TARGETS[target](grid.astype(float)), color=COLORS["truth"], linewidth=4, label="truth")
    error = one["train"] if target == "noise" else one["inside"]
    what = "at the points" if target == "noise" else "between the points"
    axis.plot(grid, arrays["curves"][place], color=color, linewidth=1.4, label=f"error {what}: {error:.2g}")
    axis.plot(arrays[f"x_{points}"], arrays[f"y_{points}"], linestyle="none", marker="o", markersize=3.5, color=style.INK)
    y = arrays[f"y_{points}"]
    axis.set_ylim(y.min() - 1.2 * np.ptp(y) / 2, y.max() + 1.2 * np.ptp(y) / 2)
    return True


def polynomials_summary(table: pd.DataFrame) -> list[Row]:
    done, rows = finished(table), []
    picked = chosen(done)
    for one in settings(done):
        name = spelled(one)
        for target in PANELS:
            found = of(done, target, one)
            note = "drawn: it does all three" if one == picked else ""
            rows.append(row(f"{target}, {name}", median(found, "train", DRAWS), "error at the points, in standard deviations", note=note))
            rows.append(row(f"{target}, {name}", median(found, "inside", DRAWS), "error between the points, in standard deviations"))
        rows.append(row(name, median(of(done, "simple", one), "freedom", DRAWS), "degrees of freedom"))
        rows.append(row(name, median(of(done, "simple", one), "condition", DRAWS), "condition number"))
    return [line for line in rows if math.isfinite(line["ours"])]


# -- orders ---------------------------------------------------------------------------------------------------------------
TITLES = {"square": "x\u00b2", "cosine": "cos(1.5\u03c0x)", "tenth": "\u221236x + 49x\u2075 \u2212 14x\u2077 + x\u00b9\u2070"}
MODELS = {"order 2": (2, 0.0), "order 15": (15, 0.0), "order 15, soft": (15, 1e-4)}


def of_model(table: pd.DataFrame, target: str, model: str) -> pd.DataFrame:
    degree, penalty = MODELS[model]
    return where(table, polynomial__target=target, polynomial__degree=degree, polynomial__penalty=penalty)


def orders(table: pd.DataFrame) -> Figure:
    """Error against the number of points, a panel per target."""
    done = finished(table)
    draws = f"{int(done[DRAWS].iloc[0])} data sets" if len(done) else ""
    note = f"Medians over {draws} of points in [-1, 1], noise of a tenth of the target's standard deviation; soft: 1e-4 2^j on order j"
    figure, axes = style.canvas("Orders 2 and 15, and 15 with a soft penalty", 3, "", 4.2, note if len(done) else "")
    for axis, (target, title) in zip(axes, TITLES.items(), strict=True):
        for model in MODELS:
            places, found = over_draws(of_model(done, target, model), "points", "test", DRAWS)
            style.curve(axis, places, found, COLORS[model], model)
        if axis.lines:
            style.log_ticks(axis, [6, 10, 20, 40, 100])
            axis.set_yscale("log")
        else:
            style.nothing(axis)
        style.label(axis, "points", "error on [-1, 1], in standard deviations" if target == "square" else "", title)
        style.legend(axis)
    return figure


def orders_summary(table: pd.DataFrame) -> list[Row]:
    done, rows = finished(table), []
    for target in TITLES:
        for model in MODELS:
            found = zip(*over_draws(of_model(done, target, model), "points", "test", DRAWS), strict=True)
            rows += [row(f"{target}, {model}, n = {n:.0f}", one, "error, in standard deviations") for n, one in found]
    return rows


def at(table: pd.DataFrame, target: str, model: str) -> dict[int, float]:
    """Points -> median error."""
    rows = of_model(finished(table), target, model)
    return {int(n): median(rows[rows["points"] == n], "test", DRAWS).mean for n in distinct(rows, "points")}
