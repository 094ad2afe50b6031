"""The figure of `make demo`: three recipes on one small model."""

import pandas as pd
from matplotlib.figure import Figure

from projects.infinite_compute import laws, tables
from projects.infinite_compute.figures import style
from projects.infinite_compute.figures.rows import Row, cell_row, ensemble_rows, limit_row
from projects.infinite_compute.figures.style import COLORS, HOLLOW, PAPER
from projects.infinite_compute.published import value


def demo(table: pd.DataFrame) -> Figure:
    """Single models by recipe, then K members of each."""
    title = "Three recipes on the same tokens: standard, regularised, ensemble"
    figure, (axis, paper) = style.canvas(title, 1, "paper: 300M, D = 200M", 5.2)
    for cell in tables.cells(tables.scratch(table)):
        recipe = recipe_of(cell.decay)
        axis.plot([1] * len(cell.losses), cell.losses, "_", markersize=12, color=COLORS[recipe], alpha=0.6)
    found = tables.ensembles(table)
    for one in found:
        limit = laws.in_members(one, laws.common(found))
        recipe = recipe_of(one.decay)
        axis.plot(one.sizes, one.losses, **style.MARK, color=COLORS[recipe], label=f"{recipe}, weight decay {one.decay:g}")
        style.law(axis, limit, 1, 3 * one.sizes[-1], COLORS[recipe], name="  K to infinity")
    if not found:
        style.nothing(axis, "no finished ensembles")
    style.log_ticks(axis, [1, 2, 3, 4])
    style.label(axis, "members K (dashes: single models, one per seed)")
    style.legend(axis)
    names = {"fig2.best_300M": "standard", "fig3.loss_300M": "regularised", "fig1.ensemble": "ensemble,\nK to infinity"}
    losses = [value(key) for key in names]
    paper.plot(range(3), losses, **{**HOLLOW, "linewidth": 0})
    for place, loss in enumerate(losses):
        paper.annotate(f"{loss:.2f}", (place, loss), (0, 7), textcoords="offset points", ha="center", fontsize=8, color=PAPER)
    paper.set_xticks(range(3), names.values())
    paper.set_xlim(-0.5, 2.5)
    paper.margins(y=0.15)
    return figure


def recipe_of(decay: float) -> str:
    return "standard" if decay == tables.STANDARD_DECAY else "regularised"


def demo_summary(table: pd.DataFrame) -> list[Row]:
    keys = {"standard": "fig2.best_300M", "regularised": "fig3.loss_300M"}
    rows = [cell_row(recipe_of(cell.decay), cell, keys[recipe_of(cell.decay)]) for cell in tables.cells(tables.scratch(table))]
    found = tables.ensembles(table)
    for one in found:
        recipe = recipe_of(one.decay)
        rows += ensemble_rows(f"ensemble of {recipe} members", one)
        key = "fig4.single_limit" if recipe == "regularised" else ""
        rows.append(limit_row(f"ensemble of {recipe} members, K to infinity", laws.in_members(one, laws.common(found)), key))
    return rows
