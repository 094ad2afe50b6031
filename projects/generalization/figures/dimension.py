"""A Bayesian linear model: what data determine."""

import pandas as pd
from matplotlib.figure import Figure

from projects.generalization.figures import style
from projects.generalization.figures.reading import distinct, finished, over_draws
from projects.generalization.figures.style import COLORS
from projects.generalization.published import row
from shared.figures.published import Row

DRAWS = "linear.draws"
QUANTITIES = {
    "parameters": "N_eff of the posterior covariance of the parameters, alpha = {alpha:g}",
    "function": "degrees of freedom of the fitted function, tr of the hat matrix",
}


def linear(table: pd.DataFrame) -> Figure:
    done = finished(table)
    note = ""
    if len(done):
        length, noise, prior, draws = (done[f"linear.{name}"].iloc[0] for name in ("length", "noise", "prior", "draws"))
        note = f"Sines and cosines on [0, {length:g}]; noise variance {noise:g}, prior variance {prior:g}; medians of {draws} draws"
    figure, (axis,) = style.canvas("What data determine in a Bayesian linear model", 1, "", 6.4, note)
    for name, words in QUANTITIES.items():
        if len(done):
            style.line(axis, *over_draws(done, "points", name, DRAWS), COLORS[name], words.format(alpha=done["linear.alpha"].iloc[0]))
    if len(done):
        axis.axvline(done["linear.features"].iloc[0], color=style.PAPER, linewidth=0.8, linestyle=":")
    else:
        style.nothing(axis)
    style.label(axis, "points n", "effective dimension")
    style.legend(axis)
    return figure


def linear_summary(table: pd.DataFrame) -> list[Row]:
    done, rows = finished(table), []
    shown = [place for place in distinct(done, "points") if place % 100 == 0]
    for name in QUANTITIES:
        curve = dict(zip(*over_draws(done, "points", name, DRAWS), strict=True))
        rows += [row(f"n = {place:.0f}", curve[place], f"effective dimension, {name}") for place in shown]
    return rows
