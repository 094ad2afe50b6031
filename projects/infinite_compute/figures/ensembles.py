"""Figures 4, 5, 16 and 17: what K members do, and which members to take."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from projects.infinite_compute import laws, tables
from projects.infinite_compute.figures import style
from projects.infinite_compute.figures.rows import Row, ensemble_rows, limit_row, row
from projects.infinite_compute.figures.style import COLORS, HOLLOW, PAPER
from projects.infinite_compute.published import value
from projects.infinite_compute.tables import Ensemble

PAIR = (COLORS["regularised"], COLORS["ensemble"])  # single-model hypers, member hypers
VARY = {"both": "weights and order", "init": "initial weights only", "data": "data order only"}


def members_curve(axis: Axes, ensemble: Ensemble, up_to: int, color: str, name: str) -> None:
    """Loss against K, its law over K = 1 .. up_to and its limit."""
    limit = laws.in_members(ensemble, up_to)
    axis.plot(ensemble.sizes, ensemble.losses, **style.MARK, color=color, label=name)
    style.law(axis, limit, 1, 3 * ensemble.sizes[-1], color, name="  K to infinity")


def members_axis(axis: Axes, found: list[Ensemble]) -> None:
    top = max((int(one.sizes[-1]) for one in found), default=1)
    style.log_ticks(axis, sorted({1, 2, 3, 4, 5, 6, 8, top}))
    style.label(axis, "members K")
    style.legend(axis)
    if not found:
        style.nothing(axis, "no finished ensembles")


def fig4(table: pd.DataFrame) -> Figure:
    """Single-model hypers against member hypers, one size."""
    found = longest(tables.ensembles(table))
    main, up_to = found[0].model if found else "", laws.common(found)
    figure, (axis, paper) = style.canvas(f"Fig. 4  Ensembles of {main}, laws over K = 1 to {up_to}", 1, "paper: 300M, D = 200M", 5.0)
    for color, (role, one) in zip(PAIR, roles(found), strict=False):
        name = f"{role} hypers: " if role else ""
        members_curve(axis, one, up_to, color, f"{name}{one.epochs} epochs, wd {one.decay:g}")
    members_axis(axis, found)
    for marker, name, best, sizes in (("o", "single", "single", (1, 2)), ("s", "member", "limit", (1, 8))):
        losses = [value(f"fig4.{name}_k{k}") for k in sizes]
        paper.plot(sizes, losses, **{**HOLLOW, "marker": marker, "linewidth": 0}, label=paper_hypers(best))
        limit = value(f"fig4.{name}_limit")
        paper.axhline(limit, color=PAPER, linestyle=":", linewidth=1)
        paper.annotate(f"K to infinity {limit}", (8, limit), (0, 3), textcoords="offset points", fontsize=7, color=PAPER, ha="right")
    style.log_ticks(paper, [1, 2, 3, 4, 5, 6, 8])
    style.label(paper, "members K")
    style.legend(paper)
    return figure


def paper_hypers(best: str) -> str:
    """The paper's best hypers for one model ('single') or for K -> infinity ('limit'), whose members they are."""
    return f"{value(f'fig5.{best}_epochs')} epochs, wd {value(f'fig5.{best}_decay'):g}"


def longest(found: list[Ensemble]) -> list[Ensemble]:
    """For every setting of the members the ensemble with most of them, fewest epochs first."""
    kept: dict[tuple, Ensemble] = {}
    for one in found:
        key = (one.params, one.tokens, one.epochs, one.decay, one.lr, one.vary, one.combine)
        if key not in kept or len(one.sizes) > len(kept[key].sizes):
            kept[key] = one
    return list(kept.values())


def roles(found: list[Ensemble]) -> list[tuple[str, Ensemble]]:
    """Of two settings of one model the one with fewer epochs has single-model hypers, the other member hypers; one that stands
    alone could be either, and has no role."""
    names = ("single", "member") if len(found) == 2 and found[0].epochs < found[1].epochs else ("",) * len(found)
    return list(zip(names, found, strict=True))


def fig4_summary(table: pd.DataFrame) -> list[Row]:
    rows, found = [], longest(tables.ensembles(table))
    for role, one in roles(found):
        rows.append(limit_row(f"{one}, K to infinity", laws.in_members(one, laws.common(found)), f"fig4.{role}_limit"))
        rows += ensemble_rows(f"{role} hypers" if role else "ensemble", one, f"fig4.{role}")
    return rows


Scores = dict[tuple[int, float], float]  # (epochs, weight decay) -> loss


def heatmap(axis: Axes, scores: Scores, title: str) -> None:
    """Every cell with its number; the lowest is framed, one that was not run stays white."""
    scores = {point: score for point, score in scores.items() if math.isfinite(score)}
    if not scores:
        return style.nothing(axis, "no finished ensembles")
    epochs, decays = (sorted({point[i] for point in scores}) for i in (0, 1))
    cells = np.full((len(epochs), len(decays)), np.nan)
    for (count, decay), score in scores.items():
        cells[epochs.index(count), decays.index(decay)] = score
        j, i = decays.index(decay), epochs.index(count)
        dark = score <= min(scores.values()) + 0.45 * (max(scores.values()) - min(scores.values()))
        axis.text(j, i, f"{score:.3f}", ha="center", va="center", fontsize=8, color="white" if dark else style.INK)
    axis.imshow(cells, cmap="YlGnBu_r", aspect="auto", origin="lower")
    count, decay = min(scores, key=scores.get)
    frame = Rectangle((decays.index(decay) - 0.46, epochs.index(count) - 0.46), 0.92, 0.92)
    frame.set(facecolor="none", edgecolor=COLORS["standard"], linewidth=2)
    axis.add_patch(frame)
    axis.set_xticks(range(len(decays)), [f"{decay:g}" for decay in decays])
    axis.set_yticks(range(len(epochs)), [str(count) for count in epochs])
    axis.grid(False)
    style.label(axis, "weight decay", "epochs", title)


def by_point(found: list[Ensemble], scores: list[float]) -> Scores:
    return {(one.epochs, one.decay): score for one, score in zip(found, scores, strict=True)}


def single_and_limit(found: list[Ensemble], up_to: int) -> tuple[list[float], list[float]]:
    """The loss of the first member, and the limit, of every ensemble."""
    return [float(one.losses[0]) for one in found], [laws.in_members(one, up_to).value for one in found]


def fig5(table: pd.DataFrame) -> Figure:
    """One model against the limit of many, epochs x decay."""
    found = tables.ensembles(table)
    main = found[0].model if found else ""
    figure, (left, right) = style.canvas(f"Fig. 5  Best single model, best member ({main})", 2, width=4.8)
    up_to = laws.common(found)
    single, limit = single_and_limit(found, up_to)
    heatmap(left, by_point(found, single), f"one model     (paper: best at {paper_hypers('single')})")
    heatmap(right, by_point(found, limit), f"K = 1 to {up_to}, then infinity     (paper: best at {paper_hypers('limit')})")
    return figure


def fig5_summary(table: pd.DataFrame) -> list[Row]:
    found = tables.ensembles(table)
    rows = []
    for name, scores in zip(("single", "limit"), single_and_limit(found, laws.common(found)), strict=True):
        known = [(score, i) for i, score in enumerate(scores) if math.isfinite(score)]
        if known:
            best = found[min(known)[1]]
            rows.append(row(f"best {name}", best.epochs, f"fig5.{name}_epochs", "epochs"))
            rows.append(row(f"best {name}", best.decay, f"fig5.{name}_decay", "weight decay"))
        rows += [row(f"{name}, {one}", score) for one, score in zip(found, scores, strict=True)]
    return rows


def fig16(table: pd.DataFrame) -> Figure:
    """What differs between members."""
    found = tables.ensembles(table)
    figure, (axis,) = style.canvas("Fig. 16  What differs between members (paper: no matter what)", width=6.0)
    colors = dict(zip(VARY, (COLORS["ensemble"], COLORS["regularised"], COLORS["distilled"]), strict=True))
    for one in found:
        members_curve(axis, one, laws.common(found), colors[one.vary], VARY[one.vary])
    members_axis(axis, found)
    return figure


def fig16_summary(table: pd.DataFrame) -> list[Row]:
    rows, found = [], tables.ensembles(table)
    for one in found:
        rows.append(limit_row(f"{VARY[one.vary]}, K to infinity", laws.in_members(one, laws.common(found))))
        rows += ensemble_rows(VARY[one.vary], one)
    return rows


def fig17(table: pd.DataFrame) -> Figure:
    """Figure 5 for every model, single models from every run there is."""
    found = longest([one for one in tables.ensembles(table) if one.vary == "both" and one.combine == "logits"])
    models = list(dict.fromkeys(one.model for one in found))
    cells = tables.cells(tables.scratch(table))
    figure = Figure(figsize=(8.6, 3.0 * max(len(models), 1)), layout="constrained")
    title = f"Fig. 17  Epochs x weight decay, one model (left) and K to infinity (right; laws over K = 1 to {laws.common(found)})"
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    axes = np.atleast_2d(figure.subplots(max(len(models), 1), 2))
    for axis in axes.flat:
        style.plain(axis)
    if not models:
        style.nothing(axes[0, 0], "no finished ensembles")
    for (left, right), model in zip(axes, models, strict=False):
        rates = [one.lr for one in found if one.model == model]
        rate = max(set(rates), key=rates.count)
        mine = [one for one in found if one.model == model and one.lr == rate]
        single, limit = single_and_limit(mine, laws.common(found))
        trained = {(c.epochs, c.decay): c.loss.mean for c in cells if c.model == model and c.lr == rate}
        heatmap(left, by_point(mine, single) | trained, f"{model}, lr {rate:g}: one model")
        heatmap(right, by_point(mine, limit), f"{model}: K to infinity")
    return figure


def fig17_summary(table: pd.DataFrame) -> list[Row]:
    found = longest([one for one in tables.ensembles(table) if one.vary == "both" and one.combine == "logits"])
    return [limit_row(f"{one}, K to infinity", laws.in_members(one, laws.common(found))) for one in found]
