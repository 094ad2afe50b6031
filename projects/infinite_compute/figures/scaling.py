"""Figures 1, 2, 3 and 6: the recipes at one D, laws in N and K."""

import pandas as pd
from matplotlib.figure import Figure

from projects.infinite_compute import laws, tables
from projects.infinite_compute.certificate import Certificate, certify
from projects.infinite_compute.figures import style
from projects.infinite_compute.figures.ensembles import longest, roles
from projects.infinite_compute.figures.recipes import (
    full_ensembles,
    law_in_tokens,
    paper_law,
    paper_points,
    paper_sizes,
    recipes,
    scores_by_tokens,
)
from projects.infinite_compute.figures.rows import Row, cell_row, counterpart, ensemble_rows, limit_row, row
from projects.infinite_compute.figures.style import COLORS, HOLLOW, PAPER
from projects.infinite_compute.laws import Limit
from projects.infinite_compute.published import known, value
from projects.infinite_compute.tables import Cell


def fig1(table: pd.DataFrame) -> Figure:
    """Loss against the total parameter count, every recipe with its limit; the right axis is data efficiency."""
    tokens, main = tables.main_tokens(table), tables.headline(table)
    found = recipes(table, tokens)
    title = f"Fig. 1  The limit of each recipe (D = {tokens:,} tokens, laws over K = 1 to {found.up_to})"
    figure, (axis, paper) = style.canvas(title, 1, "paper: D = 200M, web text", 5.6)
    if found.standard:
        style.curve(axis, [c.params for c in found.standard], [c.loss for c in found.standard], COLORS["standard"], "standard")
    if found.regularised:
        sizes = [cell.params for cell in found.regularised]
        style.curve(axis, sizes, [c.loss for c in found.regularised], COLORS["regularised"], "regularised", linewidth=0)
        style.law(axis, found.regularised_limit, min(sizes), 30 * max(sizes), COLORS["regularised"], 1e6, "regularised, N to infinity")
    for one in found.ensembles:
        color = COLORS["ensemble"] if one.model == main else COLORS["joint"]
        name = "ensemble" if one.model == main else None
        axis.plot(one.params * one.sizes, one.losses, **style.MARK, color=color, label=name, alpha=1 if name else 0.6)
        if one.model == main:
            style.law(axis, found.in_members(one), one.params, 60 * one.params, color, one.params, "ensemble, K to infinity")
    style.asymptote(axis, found.joint_limit, COLORS["joint"], "joint, both")
    axis.set_xscale("log")
    style.label(axis, "total parameters, N x K")
    low, high = axis.get_ylim()
    axis.set_ylim(low, high + 0.4 * (high - low))  # the curves fill the axis: the legend gets its place above them
    style.legend(axis)
    if not (found.standard or found.ensembles):
        style.nothing(axis, "no finished runs")
    standard = scores_by_tokens(table)["standard"]
    if tokens in standard:
        efficiency_axis(axis, law_in_tokens(standard), standard[tokens].loss.mean)

    names = ["standard", "regularised", "ensemble_single", "ensemble", "joint"]
    losses = [value(f"fig1.{name}") for name in names]
    paper.plot(range(5), losses, **{**HOLLOW, "linewidth": 0})
    for place, (name, loss) in enumerate(zip(names, losses, strict=True)):
        keys, times = known("fig1.efficiency_", [name])
        text = f"{loss:.2f}" + (f"\n{times[0]:g}x data" if keys else "")
        paper.annotate(text, (place, loss), (0, 9), textcoords="offset points", ha="center", fontsize=7.5, color=PAPER)
    paper.set_xticks(
        range(5), ["standard", "regularised\nN to inf", "ensemble\nsingle hypers", "ensemble\nmember hypers", "joint"], fontsize=7
    )
    paper.margins(y=0.25)
    paper.set_xlim(-0.5, 4.5)
    return figure


def efficiency_axis(axis, law: Limit, standard: float) -> None:
    """A right axis: how many times more data standard practice would need for a loss; beyond the measured D in brackets."""
    if law.fit.refused:
        return
    right = axis.twinx()
    low, high = axis.get_ylim()
    right.set_ylim(low, high)
    marks = [(times, float(law.fit(times * law.fit.invert(standard)))) for times in (1, 1.5, 2, 3, 5, 8, 16, 32)]
    marks = apart([(times, loss) for times, loss in marks if low <= loss <= high], (high - low) / 18)
    names = [f"({times:g}x)" if laws.efficiency_note(law, loss) else f"{times:g}x" for times, loss in marks]
    right.set_yticks([loss for _, loss in marks], names, fontsize=8)
    right.set_ylabel("data efficiency (in brackets: extrapolated)", fontsize=9)
    style.plain(right)
    right.grid(False)


def apart(marks: list[tuple[float, float]], gap: float) -> list[tuple[float, float]]:
    """The marks whose labels do not run into the one before."""
    kept: list[tuple[float, float]] = []
    for mark in marks:
        if not kept or kept[-1][1] - mark[1] >= gap:
            kept.append(mark)
    return kept


def fig1_summary(table: pd.DataFrame) -> list[Row]:
    tokens, main = tables.main_tokens(table), tables.headline(table)
    found = recipes(table, tokens)
    standard, single = found.best_standard, tables.best(found.regularised)
    rows: list[Row] = []
    reached: dict[str, tuple[float, str]] = {}  # the paper's name for a score -> our loss and what to doubt about it

    def limited(name: str, limit: Limit, key: str) -> None:
        rows.append(limit_row(name, limit, f"fig1.{key}"))
        reached[key] = (limit.value, limit.doubt)

    if standard:
        rows.append(cell_row("standard, best", standard, "fig1.standard"))
        rows.append(row(f"standard, best, {standard.model}", standard.test_loss, quantity="test loss"))
        reached["standard"] = (standard.loss.mean, "")
    if single:
        rows.append(cell_row("regularised, best measured", single, "fig1.best_single"))
        rows.append(row(f"regularised, best measured, {single.model}", single.test_loss, quantity="test loss"))
        reached["best_single"] = (single.loss.mean, "")
        limited("regularised, N to infinity", found.regularised_limit, "regularised")
    mine = longest([one for one in full_ensembles(table) if one.model == main and one.tokens == tokens])
    for role, one in roles(mine):
        name = f"ensemble of {one}{f' ({role} hypers)' if role else ''}, K to infinity"
        limited(name, found.in_members(one), "ensemble_single" if role == "single" else "ensemble")
    if found.ensembles:
        limited("joint, N and K to infinity", found.joint_limit, "joint")
        last = min(found.ensembles, key=lambda one: one.losses[-1])
        name = f"best measured ensemble, {last.sizes[-1]:.0f} x {last.model}"
        rows.append(row(name, last.losses[-1], "fig1.best_ensemble"))
        rows.append(row(name, last.test_losses[-1], quantity="test loss"))
        reached["best_ensemble"] = (float(last.losses[-1]), "")
    yardsticks = scores_by_tokens(table)["standard"]
    law = law_in_tokens(yardsticks)
    for name, (loss, doubt) in reached.items() if tokens in yardsticks else ():
        note = "; ".join(filter(None, (laws.efficiency_note(law, loss), doubt)))
        times = laws.efficiency(law, loss, yardsticks[tokens].loss.mean)
        rows.append(row(name.replace("_", " "), times, f"fig1.efficiency_{name}", "data efficiency", note))
    return rows


def fig2(table: pd.DataFrame) -> Figure:
    """Left: epochs. Middle: the best of each model. Right: the paper's."""
    main, tokens = tables.headline(table), tables.main_tokens(table)
    cells = [cell for cell in tables.cells(tables.scratch(table)) if tables.is_standard(cell) and cell.tokens == tokens]
    figure, (left, middle, paper) = style.canvas("Fig. 2  Standard practice: weight decay 0.1", 2, "paper: best of each size")
    curve = best_per_epochs([cell for cell in cells if cell.model == main])
    if curve:
        style.curve(left, [c.epochs for c in curve], [c.loss for c in curve], COLORS["standard"], main)
        style.log_ticks(left, [cell.epochs for cell in curve])
    else:
        style.nothing(left, "no finished runs")
    style.label(left, "epochs over the same tokens", title=f"{main}, D = {tokens:,}")
    best = tables.best_by_model(cells)
    style.curve(middle, [c.params for c in best], [c.loss for c in best], COLORS["standard"], "best epochs and rate")
    for cell in best:
        middle.annotate(f"{cell.epochs} ep\nlr {cell.lr:g}", (cell.params, cell.loss.mean), (6, 6), textcoords="offset points", fontsize=7)
    style.size_ticks(middle, best)
    middle.margins(y=0.2)
    style.label(middle, "parameters", "", "every model, tuned")
    paper_points(paper, "fig2.best_", "wd 0.1, tuned")
    paper_sizes(paper)
    return figure


def best_per_epochs(cells: list[Cell]) -> list[Cell]:
    """The best rate at every number of epochs."""
    return [tables.best([cell for cell in cells if cell.epochs == epochs]) for epochs in sorted({cell.epochs for cell in cells})]


def fig2_summary(table: pd.DataFrame) -> list[Row]:
    main, tokens = tables.headline(table), tables.main_tokens(table)
    cells = [cell for cell in tables.cells(tables.scratch(table)) if tables.is_standard(cell) and cell.tokens == tokens]
    rows = [cell_row("standard, best", cell, f"fig2.best_{counterpart(cell.model)}") for cell in tables.best_by_model(cells)]
    curve = best_per_epochs([cell for cell in cells if cell.model == main])
    rows += [row(f"{main}, {cell.epochs} epochs", cell.loss, note=f"lr {cell.lr:g}") for cell in curve]
    if curve:
        rows.append(row(f"{main}, epochs of the minimum", tables.best(curve).epochs, "fig2.best_epochs_low", "epochs"))
    return rows


def fig3(table: pd.DataFrame) -> Figure:
    """Best regularised and best standard per model, with the law in N; a ring marks what is not certified."""
    found = recipes(table, tables.main_tokens(table))
    theirs = paper_law("fig3.scale", "fig3.exponent", "fig3.asymptote")
    form = "paper: {A:g} / N^{B:g} + {C:g}".format(**theirs.parameters)
    figure, (axis, paper) = style.canvas("Fig. 3  Tuned weight decay, loss against parameters", 1, form, 5.0)
    style.curve(axis, [c.params for c in found.standard], [c.loss for c in found.standard], COLORS["standard"], "standard, wd 0.1")
    sizes = [cell.params for cell in found.regularised]
    if sizes:
        style.curve(axis, sizes, [c.loss for c in found.regularised], COLORS["regularised"], "regularised", linewidth=0)
        for cell in found.regularised:
            axis.annotate(
                f"wd {cell.decay:g}\n{cell.epochs} ep", (cell.params, cell.loss.mean), (6, 5), textcoords="offset points", fontsize=7
            )
        open_cells = [cell for cell in found.regularised if not is_certified(table, cell)]
        ring = {"markerfacecolor": "none", "markeredgecolor": "#d01c1c", "markersize": 12, "linewidth": 0}
        if open_cells:
            places = [cell.params for cell in open_cells], [cell.loss.mean for cell in open_cells]
            axis.plot(*places, "o", **ring, label="not certified (neighbours of seed 0)")
        style.law(axis, found.regularised_limit, min(sizes) * 0.8, max(sizes) * 2, COLORS["regularised"], 1e6, "N to infinity")
    else:
        style.nothing(axis, "no finished runs")
    style.size_ticks(axis, found.regularised)
    style.label(axis, "parameters")
    style.legend(axis)
    paper_points(paper, "fig2.best_", "standard", "s")
    paper_points(paper, "fig3.loss_", "regularised")
    x, y = laws.curve(theirs, 0.12, 2)
    paper.plot(x, y, color=PAPER, linestyle="--", linewidth=1)
    paper.axhline(theirs.asymptote, color=PAPER, linestyle=":", linewidth=1)
    paper_sizes(paper)
    style.legend(paper)
    return figure


def certificate_of(table: pd.DataFrame, cell: Cell) -> Certificate | None:
    """Whether a setting is locally optimal among the runs of seed 0; None where it stands off the ladders or has no such run."""
    ladders = tables.ladders(table)
    losses = tables.losses_of_one_seed(table, cell)
    point = (cell.lr, cell.epochs, cell.decay)
    on = all(number in ladder for number, ladder in zip(point, ladders.values(), strict=True))
    return certify(losses, point, ladders) if on and point in losses else None


def is_certified(table: pd.DataFrame, cell: Cell) -> bool:
    found = certificate_of(table, cell)
    return found is not None and found.certified


def verdict(table: pd.DataFrame, cell: Cell) -> str:
    found = certificate_of(table, cell)
    if found is None:
        return "off the ladders"
    if found.certified:
        return f"certified in seed 0 by {len(found.neighbours)} neighbours"
    return f"not certified in seed 0: of {len(found.neighbours)} neighbours {len(found.missing)} missing, {len(found.better)} better"


def fig3_summary(table: pd.DataFrame) -> list[Row]:
    found = recipes(table, tables.main_tokens(table))
    rows = [limit_row("regularised, N to infinity", found.regularised_limit, "fig3.asymptote")]
    if not found.regularised_limit.fit.refused:
        exponent = found.regularised_limit.fit.parameters["B"]
        note = found.regularised_limit.doubt if found.regularised_limit.fit.law == "power" else "fixed by the law"
        rows.append(row("law in N", exponent, "fig3.exponent", "exponent", note))
    for cell in found.regularised:
        size = counterpart(cell.model)
        best = cell_row("regularised, best", cell, f"fig3.loss_{size}")
        rows.append({**best, "note": f"{best['note']}, {verdict(table, cell)}"})
        rows.append(row(cell.model, cell.decay, f"fig3.decay_{size}", "tuned weight decay"))
        rows.append(row(cell.model, cell.epochs, f"fig3.epochs_{size}", "tuned epochs"))
        rows.append(row(cell.model, cell.lr, f"fig3.lr_{size}", "tuned learning rate"))
    return rows + [cell_row("standard, best", cell, f"fig2.best_{counterpart(cell.model)}") for cell in found.standard]


def fig6(table: pd.DataFrame) -> Figure:
    """K -> infinity for every model, and the limit of those in N."""
    found = recipes(table, tables.main_tokens(table))
    title = f"Fig. 6  Joint scaling: first K to infinity (laws over K = 1 to {found.up_to}), then N"
    figure, (axis, paper) = style.canvas(title, 1, f"paper: K to infinity, {value('fig6.joint')} in the limit", 5.0)
    style.curve(
        axis, [c.params for c in found.regularised], [c.loss for c in found.regularised], COLORS["regularised"], "one model, tuned"
    )
    limits = [(one, found.in_members(one)) for one in found.ensembles]
    for one, _ in limits:
        axis.plot([one.params] * len(one.sizes), one.losses, "o", markersize=3.5, color=COLORS["joint"], alpha=0.35)
    known = [(one, limit) for one, limit in limits if not limit.fit.refused]
    if known:
        style.curve(axis, [o.params for o, _ in known], [k.interval for _, k in known], COLORS["joint"], "K to infinity", linewidth=0)
        sizes = [one.params for one, _ in known]
        style.law(axis, found.joint_limit, min(sizes) * 0.8, max(sizes) * 2, COLORS["joint"], 1e6, "N and K to infinity")
    elif not limits:
        style.nothing(axis, "no finished ensembles")
    style.size_ticks(axis, found.regularised)
    style.label(axis, "parameters of one member")
    style.legend(axis)
    paper_points(paper, "fig6.limit_", "K to infinity")
    paper.axhline(value("fig6.joint"), color=PAPER, linestyle=":", linewidth=1)
    paper_sizes(paper)
    return figure


def fig6_summary(table: pd.DataFrame) -> list[Row]:
    found = recipes(table, tables.main_tokens(table))
    rows = [limit_row("joint, N and K to infinity", found.joint_limit, "fig6.joint")]
    for one in found.ensembles:
        rows.append(limit_row(f"{one}, K to infinity", found.in_members(one), f"fig6.limit_{counterpart(one.model)}"))
        rows += ensemble_rows("ensemble", one)
    return rows
