"""Codes of a classifier against its errors, and what they certify, over the subspace's dimension and the codebook's size."""

import pandas as pd
from matplotlib.figure import Figure

from projects.generalization.figures import style
from projects.generalization.figures.certified import LABELS
from projects.generalization.figures.reading import DATA, distinct, finished, mean, where
from projects.generalization.figures.style import COLORS
from projects.generalization.published import published, row
from shared.figures.published import Row
from shared.stats import Interval

SHARES = {0.0: "true", 1.0: "random"}  # colours by share of altered labels
LOOKS = ({"marker": "o", "linestyle": "--"}, {"marker": "s"}, {"marker": "^", "linestyle": ":"}, {"marker": "D", "linestyle": "-."})  # by L
Setting = tuple[float, int, int]  # share of altered labels, L, d


def settings(table: pd.DataFrame) -> list[Setting]:
    columns = ["subspace.altered", "quantise.levels", "subspace.dimension"]
    if not set(columns) <= set(table):
        return []
    return sorted((share, int(levels), int(d)) for share, levels, d in table[columns].drop_duplicates().itertuples(index=False))


def of(table: pd.DataFrame, setting: Setting, column: str) -> Interval:
    share, levels, dimension = setting
    return mean(where(table, subspace__altered=share, quantise__levels=levels, subspace__dimension=dimension), column)


def compression(table: pd.DataFrame) -> Figure:
    """Training error against bits of the code; bounds against d."""
    done = finished(table)
    name = ", ".join(DATA.get(one, one) for one in distinct(done, "data.name"))
    note = f"{name}: {int(done['n'].max()):,} points; bounds of Catoni from the file alone, 95 %. Numbers: d" if len(done) else ""
    figure, (codes, bounds) = style.canvas("Shorter codes, more errors, and the bound between them", 2, "", 5.2, note)
    groups = dict.fromkeys(setting[:2] for setting in settings(done))
    looks = dict(zip(distinct(done, "quantise.levels"), LOOKS, strict=False))
    for share, levels in groups:
        some = [one for one in settings(done) if one[:2] == (share, levels)]
        color, label = COLORS[SHARES[share]], f"{LABELS[share]}, L = {levels}"
        bits, errors = ([of(done, one, column) for one in some] for column in ("bits/total", "train/error"))
        style.curve(codes, [one.mean for one in bits], errors, color, label, **looks[levels])
        for one, place, error in zip(some, bits, errors, strict=True) if not share else ():  # codes of random labels lie on one spot
            codes.annotate(f"{one[2]}", (place.mean, error.mean), (4, 4), textcoords="offset points", fontsize=7, color=style.INK)
        style.curve(bounds, [one[2] for one in some], [of(done, one, "bound/catoni") for one in some], color, label, **looks[levels])
    for axis in (codes, bounds):
        if axis.lines:
            axis.axhline(done["bound/guessing"].iloc[0], color=style.PAPER, linestyle="--", linewidth=1, label="guessing")
            axis.set_ylim(0, 1.02)
        else:
            style.nothing(axis)
    if bounds.lines:
        style.log_ticks(bounds, distinct(done, "subspace.dimension"))
        for name in distinct(done, "data.name"):
            key = f"certificate.{name}"
            if key in published():
                bounds.axhline(published()[key]["value"], color=style.PAPER, linestyle=":", linewidth=1, label="published: Lotfi et al.")
    style.label(codes, "bits of the code", "training error")
    style.label(bounds, "trained numbers d", "bound on the error")
    style.legend(codes)
    style.legend(bounds)
    return figure


def compression_summary(table: pd.DataFrame) -> list[Row]:
    done, rows = finished(table), []
    for one in settings(done):
        share, levels, dimension = one
        setting = f"{LABELS[share]}, d = {dimension}, L = {levels}"
        key = "certificate.guessing" if share else f"certificate.{done['data.name'].iloc[0]}"
        rows.append(row(setting, of(done, one, "bound/catoni"), "bound on the error", key))
        for column, quantity in (("test/error", "test error"), ("train/error", "training error"), ("bits/total", "bits of the code")):
            rows.append(row(setting, of(done, one, column), quantity))
    return rows
