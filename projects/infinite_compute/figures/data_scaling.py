"""Figures 7 and 8: the recipes at every D, laws in D."""

import math

import pandas as pd
from matplotlib.figure import Figure

from projects.infinite_compute import laws
from projects.infinite_compute.figures import style
from projects.infinite_compute.figures.recipes import (
    PAPER_TOKENS,
    by_tokens,
    full_ensembles,
    law_in_tokens,
    paper_law,
    paper_points,
    paper_sizes,
    scores_by_tokens,
)
from projects.infinite_compute.figures.rows import Row, limit_row, row
from projects.infinite_compute.figures.style import COLORS, HOLLOW, PAPER
from projects.infinite_compute.published import value
from projects.infinite_compute.tables import Ensemble


def fig7(table: pd.DataFrame) -> Figure:
    """The score of every recipe against D, with a law in D; hollow marks are measured losses where there is no limit."""
    scores = scores_by_tokens(table)
    up_to = laws.common(full_ensembles(table))
    exponents = f"exponents {value('fig7.exponent_low')} to {value('fig7.exponent_high')}"
    title = f"Fig. 7  Data scaling of each recipe (laws over K = 1 to {up_to})"
    figure, (axis, paper) = style.canvas(title, 1, f"paper: joint limits; {exponents}", 5.0)
    for recipe, found in scores.items():
        color = COLORS[recipe]
        solid = {tokens: one.loss for tokens, one in found.items() if one.solid}
        rest = {tokens: one.loss.mean for tokens, one in found.items() if not one.solid}
        limit = law_in_tokens(found)
        name = recipe if limit.fit.refused else f"{recipe}, D to infinity {limit.label}"
        if solid:
            style.curve(axis, list(solid), list(solid.values()), color, name, linewidth=0)
        if rest:
            name = None if solid else f"{recipe}, measured: no limits"
            axis.plot(list(rest), list(rest.values()), "o", color=color, markerfacecolor="none", markersize=5.5, label=name)
        if solid and not limit.fit.refused:
            x, y = laws.curve(limit.fit, min(solid) / 1e3, 2 * max(solid) / 1e3)
            axis.plot(x * 1e3, y, color=color, linestyle="--", linewidth=1)
    if scores["standard"]:
        style.log_ticks(axis, list(scores["standard"]), [f"{tokens:,}" for tokens in scores["standard"]])
    style.label(axis, "unique tokens D", "validation loss (hollow: measured, no limit)")
    style.legend(axis)
    paper.plot(list(PAPER_TOKENS.values()), [value(f"fig8.joint_at_{d}") for d in PAPER_TOKENS], **{**HOLLOW, "linewidth": 0})
    x, y = laws.curve(paper_law("fig8.data_scale", "fig8.data_exponent", "fig8.data_asymptote"), 0.18, 2)
    paper.plot(x, y, color=PAPER, linestyle="--", linewidth=1)
    style.log_ticks(paper, list(PAPER_TOKENS.values()), ["200M", "400M", "800M", "1.6B"])
    style.label(paper, "unique tokens D", "")
    return figure


def fig7_summary(table: pd.DataFrame) -> list[Row]:
    scores = scores_by_tokens(table)
    rows = []
    standard = law_in_tokens(scores["standard"])
    for recipe, found in scores.items():
        limit = law_in_tokens(found)
        rows.append(limit_row(f"{recipe}, D to infinity", limit, "fig7.asymptote_low"))
        if not limit.fit.refused:
            rows.append(row(f"{recipe}, law in D", limit.fit.parameters["B"], "fig7.exponent_low", "exponent", limit.note))
        rows += [row(f"{recipe}, D = {tokens:,}", one.loss, quantity="score", note=one.note) for tokens, one in found.items()]
        for tokens, one in found.items():
            if tokens in scores["standard"]:
                times = laws.efficiency(standard, one.loss.mean, scores["standard"][tokens].loss.mean)
                note = "; ".join(filter(None, (laws.efficiency_note(standard, one.loss.mean), "" if one.solid else one.note)))
                rows.append(row(f"{recipe}, D = {tokens:,}", times, quantity="data efficiency", note=note))
    both = laws.in_both([cell for one in by_tokens(table).values() for cell in one.regularised])
    forms = ", ".join(f"{name} {number:.3g}" for name, number in both.parameters.items())
    note = f"A/N^a + B/D^b + C over {both.n} tuned settings: {both.refused or f'{forms}, R2 {both.r2:.3f}'}"
    return [*rows, row("regularised, N and D to infinity", math.nan if both.refused else both.asymptote, quantity="asymptote", note=note)]


def fig8(table: pd.DataFrame) -> Figure:
    """K -> infinity against N at every D, and the joint limits."""
    found = by_tokens(table)
    up_to = laws.common(full_ensembles(table))
    title = f"Fig. 8  The joint limit at every D (laws over K = 1 to {up_to})"
    figure, (axis, paper) = style.canvas(title, 1, "paper: K to infinity at 200M, 400M, 800M, 1.6B tokens", 5.0)
    drawn: list[Ensemble] = []
    for index, (tokens, one) in enumerate(found.items()):
        color = style.shade(index, len(found))
        known = [(e, one.in_members(e)) for e in one.ensembles]
        known = [(e, limit) for e, limit in known if not limit.fit.refused]
        drawn += [e for e, _ in known]
        if known:
            style.curve(axis, [e.params for e, _ in known], [k.interval for _, k in known], color, f"D = {tokens:,}", linewidth=0)
            sizes = [e.params for e, _ in known]
            style.law(axis, one.joint_limit, min(sizes) * 0.8, max(sizes) * 2, color, 1e6)
    if not drawn:
        style.nothing(axis, "no finished ensembles")
    style.size_ticks(axis, drawn)
    style.label(axis, "parameters of one member", "limit of the validation loss, K to infinity")
    style.legend(axis)
    for marker, tokens in zip("osD^", PAPER_TOKENS, strict=True):
        paper_points(paper, "fig8.limit_", tokens, marker, f"_at_{tokens}")
    paper_sizes(paper)
    style.legend(paper)
    return figure


def fig8_summary(table: pd.DataFrame) -> list[Row]:
    found = by_tokens(table)
    rows = []
    for tokens, one in found.items():
        rows.append(limit_row(f"joint, D = {tokens:,}", one.joint_limit))
        rows += [limit_row(f"{e}, D = {tokens:,}, K to infinity", one.in_members(e)) for e in one.ensembles]
    law = laws.in_tokens({tokens: one.joint_limit.value for tokens, one in found.items() if one.joint_limit.determined})
    return [*rows, limit_row("law in D over the joint limits", law, "fig8.data_asymptote")]
