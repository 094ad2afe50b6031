"""Figures 1, 2, 3, 6, 7 and 8: laws in N, K and D."""

import math
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from projects.infinite_compute import laws, tables
from projects.infinite_compute.figures import style
from projects.infinite_compute.figures.rows import Row, cell_row, counterpart, ensemble_rows, limit_row, row
from projects.infinite_compute.figures.style import COLORS, HOLLOW, PAPER
from projects.infinite_compute.laws import Limit
from projects.infinite_compute.published import series, value
from projects.infinite_compute.tables import Cell, Ensemble

SIZES = ["150M", "300M", "600M", "1400M"]
BILLIONS = {"150M": 0.15, "300M": 0.3, "600M": 0.6, "1400M": 1.4}
PAPER_TOKENS = {"200M": 0.2097, "400M": 0.4194, "800M": 0.8389, "1600M": 1.6777}  # D in billions


@dataclass(frozen=True)
class Recipes:
    """Everything the scaling figures say about one D."""

    standard: list[Cell]  # best of every model at weight decay 0.1
    regularised: list[Cell]  # best of every model
    ensembles: list[Ensemble]  # the one with the lowest limit, per model
    regularised_limit: Limit
    joint_limit: Limit

    @property
    def best_standard(self) -> Cell | None:
        return tables.best(self.standard)


def recipes(table: pd.DataFrame, tokens: int, models: set[str] | None = None) -> Recipes:
    """Reads one D; `models` restricts it, so that several D are compared on the same models."""
    here = [cell for cell in tables.cells(tables.scratch(table)) if cell.tokens == tokens]
    kept = [one for one in tables.ensembles(table) if one.tokens == tokens and one.vary == "both" and one.combine == "logits"]
    if models is not None:
        here = [cell for cell in here if cell.model in models]
        kept = [one for one in kept if one.model in models]
    regularised = tables.best_by_model(here)
    joint = [lowest([one for one in kept if one.model == model]) for model in dict.fromkeys(one.model for one in kept)]
    standard = tables.best_by_model([cell for cell in here if tables.is_standard(cell)])
    return Recipes(standard, regularised, joint, laws.in_parameters(regularised), laws.joint(joint))


def lowest(found: list[Ensemble]) -> Ensemble:
    """The ensemble with the lowest limit, or, without limits, the lowest last loss."""
    limits = [(laws.in_members(one).value, one.losses[-1]) for one in found]
    order = [(limit if math.isfinite(limit) else last, index) for index, (limit, last) in enumerate(limits)]
    return found[min(order)[1]]


def standard_law(table: pd.DataFrame) -> Limit:
    """Best standard loss at every D, as a law in D."""
    losses = {}
    for tokens in sorted(set(table["data.tokens"])):
        best = recipes(table, tokens).best_standard
        if best is not None:
            losses[tokens] = best.loss.mean
    return laws.in_tokens(losses)


def paper_points(axis, prefix: str, name: str, marker: str = "o", suffix: str = "") -> list[float]:
    """The paper's numbers for its sizes, hollow, against N in billions."""
    found, losses = series(prefix, [size + suffix for size in SIZES])
    sizes = [BILLIONS[key.removesuffix(suffix)] for key in found]
    axis.plot(sizes, losses, **{**HOLLOW, "marker": marker}, label=name)
    return losses


def paper_sizes(axis) -> None:
    style.log_ticks(axis, list(BILLIONS.values()), ["150M", "300M", "600M", "1.4B"])
    axis.set_xlim(0.11, 2.2)
    style.label(axis, "parameters", "")


def fig1(table: pd.DataFrame) -> Figure:
    """Loss against the total parameter count, every recipe with its limit; the right axis is data efficiency."""
    tokens, main = tables.main_tokens(table), tables.headline(table)
    found = recipes(table, tokens)
    figure, (axis, paper) = style.canvas(f"Fig. 1  The limit of each recipe (D = {tokens:,} tokens)", 1, "D = 200M, web text", 5.6)
    if found.standard:
        style.whiskers(axis, [c.params for c in found.standard], [c.loss for c in found.standard], COLORS["standard"], "standard")
    if found.regularised:
        sizes = [cell.params for cell in found.regularised]
        style.whiskers(axis, sizes, [c.loss for c in found.regularised], COLORS["regularised"], "regularised", line=False)
        style.law(axis, found.regularised_limit, min(sizes), 30 * max(sizes), COLORS["regularised"], 1e6, "regularised, N to infinity")
    for one in found.ensembles:
        color = COLORS["ensemble"] if one.model == main else COLORS["joint"]
        name = "ensemble" if one.model == main else None
        axis.plot(one.params * one.sizes, one.losses, **style.MARK, color=color, label=name, alpha=1 if name else 0.6)
        if one.model == main:
            limit = laws.in_members(one)
            style.law(axis, limit, one.params, 60 * one.params, color, one.params, "ensemble, K to infinity")
    style.asymptote(axis, found.joint_limit, COLORS["joint"], "joint, both")
    axis.set_xscale("log")
    style.label(axis, "total parameters, N x K")
    style.legend(axis)
    if not (found.standard or found.ensembles):
        style.nothing(axis, "no finished runs")
    efficiency_axis(axis, standard_law(table), found.best_standard)

    names = ["standard", "regularised", "ensemble_single", "ensemble", "joint"]
    losses = [value(f"fig1.{name}") for name in names]
    paper.plot(range(5), losses, **{**HOLLOW, "linewidth": 0})
    for place, (name, loss) in enumerate(zip(names, losses, strict=True)):
        keys, times = series("fig1.efficiency_", [name])
        text = f"{loss:.2f}" + (f"\n{times[0]:g}x data" if keys else "")
        paper.annotate(text, (place, loss), (0, 9), textcoords="offset points", ha="center", fontsize=7.5, color=PAPER)
    paper.set_xticks(
        range(5), ["standard", "regularised\nN to inf", "ensemble\nsingle hypers", "ensemble\nmember hypers", "joint"], fontsize=7
    )
    paper.set_ylim(3.1, 3.88)
    paper.set_xlim(-0.5, 4.5)
    return figure


def efficiency_axis(axis, law: Limit, standard: Cell | None) -> None:
    """A right axis: how many times more data standard practice would need for a loss."""
    if standard is None or law.fit.refused:
        return
    right = axis.twinx()
    low, high = axis.get_ylim()
    right.set_ylim(low, high)
    marks = [(times, float(law.fit(times * law.fit.invert(standard.loss.mean)))) for times in (1, 1.5, 2, 3, 5, 8, 16, 32)]
    marks = apart([(times, loss) for times, loss in marks if low <= loss <= high], (high - low) / 18)
    right.set_yticks([loss for _, loss in marks], [f"{times:g}x" for times, _ in marks], fontsize=8)
    right.set_ylabel("data efficiency", fontsize=9)
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
    found, law = recipes(table, tokens), standard_law(table)
    standard, single = found.best_standard, tables.best(found.regularised)
    rows, scores = [], {}
    if standard:
        rows.append(cell_row("standard, best", standard, "fig1.standard"))
        scores["standard"] = standard.loss.mean
    if single:
        rows.append(cell_row("regularised, best measured", single, "fig1.best_single"))
        scores["best_single"] = single.loss.mean
        rows.append(limit_row("regularised, N to infinity", found.regularised_limit, "fig1.regularised"))
        scores["regularised"] = found.regularised_limit.value
    mine = [one for one in tables.ensembles(table) if one.model == main and one.tokens == tokens and one.vary == "both"]
    for one in mine:
        name, key = ("member", "ensemble") if one.epochs > min(other.epochs for other in mine) else ("single-model", "ensemble_single")
        rows.append(limit_row(f"ensemble of {main}, {name} hypers, K to infinity", laws.in_members(one), f"fig1.{key}"))
        scores[key] = laws.in_members(one).value
    if found.ensembles:
        rows.append(limit_row("joint, N and K to infinity", found.joint_limit, "fig1.joint"))
        scores["joint"] = found.joint_limit.value
        last = min(found.ensembles, key=lambda one: one.losses[-1])
        rows.append(row(f"best measured ensemble, {last.sizes[-1]:.0f} x {last.model}", last.losses[-1], "fig1.best_ensemble"))
        scores["best_ensemble"] = last.losses[-1]
    for name, loss in scores.items():
        if standard:
            times = laws.efficiency(law.fit, loss, standard.loss.mean)
            note = law.note if math.isnan(times) and law.fit.refused else "beyond the law's reach" if math.isnan(times) else ""
            rows.append(row(name.replace("_", " "), times, f"fig1.efficiency_{name}", "data efficiency", note))
    return rows


def fig2(table: pd.DataFrame) -> Figure:
    """Left: epochs. Middle: the best of each model."""
    main, tokens = tables.headline(table), tables.main_tokens(table)
    cells = [cell for cell in tables.cells(tables.scratch(table)) if tables.is_standard(cell) and cell.tokens == tokens]
    figure, (left, middle, paper) = style.canvas("Fig. 2  Standard practice: weight decay 0.1", 2, "best of each size")
    curve = best_per_epochs([cell for cell in cells if cell.model == main])
    if curve:
        style.whiskers(left, [c.epochs for c in curve], [c.loss for c in curve], COLORS["standard"], main)
        style.log_ticks(left, [cell.epochs for cell in curve])
    else:
        style.nothing(left, "no finished runs")
    style.label(left, "epochs over the same tokens", title=f"{main}, D = {tokens:,}")
    best = tables.best_by_model(cells)
    style.whiskers(middle, [c.params for c in best], [c.loss for c in best], COLORS["standard"], "best epochs and rate")
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
    """Left: best regularised and best standard per model, with the law in N."""
    found = recipes(table, tables.main_tokens(table))
    figure, (axis, paper) = style.canvas("Fig. 3  Tuned weight decay, loss against parameters", 1, "0.05 / N^1.02 + 3.43", 5.0)
    style.whiskers(axis, [c.params for c in found.standard], [c.loss for c in found.standard], COLORS["standard"], "standard, wd 0.1")
    sizes = [cell.params for cell in found.regularised]
    if sizes:
        style.whiskers(axis, sizes, [c.loss for c in found.regularised], COLORS["regularised"], "regularised", line=False)
        for cell in found.regularised:
            axis.annotate(
                f"wd {cell.decay:g}\n{cell.epochs} ep", (cell.params, cell.loss.mean), (6, 5), textcoords="offset points", fontsize=7
            )
        style.law(axis, found.regularised_limit, min(sizes) * 0.8, max(sizes) * 2, COLORS["regularised"], 1e6, "N to infinity")
    else:
        style.nothing(axis, "no finished runs")
    style.size_ticks(axis, found.regularised)
    style.label(axis, "parameters")
    style.legend(axis)
    paper_points(paper, "fig2.best_", "standard", "s")
    paper_points(paper, "fig3.loss_", "regularised")
    x, y = laws.curve(laws.Fit("power", {"A": 0.05, "B": 1.02, "C": 3.43}, math.nan, 4), 0.12, 2)
    paper.plot(x, y, color=PAPER, linestyle="--", linewidth=1)
    paper.axhline(3.43, color=PAPER, linestyle=":", linewidth=1)
    paper_sizes(paper)
    style.legend(paper)
    return figure


def fig3_summary(table: pd.DataFrame) -> list[Row]:
    found = recipes(table, tables.main_tokens(table))
    rows = [limit_row("regularised, N to infinity", found.regularised_limit, "fig3.asymptote")]
    if not found.regularised_limit.fit.refused:
        exponent = found.regularised_limit.fit.parameters["B"]
        fixed = "" if found.regularised_limit.fit.law == "power" else "fixed by the law"
        rows.append(row("law in N", exponent, "fig3.exponent", "exponent", fixed))
    for cell in found.regularised:
        size = counterpart(cell.model)
        rows.append(cell_row("regularised, best", cell, f"fig3.loss_{size}"))
        rows.append(row(cell.model, cell.decay, f"fig3.decay_{size}", "tuned weight decay"))
        rows.append(row(cell.model, cell.epochs, f"fig3.epochs_{size}", "tuned epochs"))
        rows.append(row(cell.model, cell.lr, f"fig3.lr_{size}", "tuned learning rate"))
    return rows + [cell_row("standard, best", cell, f"fig2.best_{counterpart(cell.model)}") for cell in found.standard]


def fig6(table: pd.DataFrame) -> Figure:
    """K -> infinity for every model, and the limit of those in N."""
    found = recipes(table, tables.main_tokens(table))
    figure, (axis, paper) = style.canvas("Fig. 6  Joint scaling: first K to infinity, then N", 1, "K to infinity, 3.17 in the limit", 5.0)
    style.whiskers(
        axis, [c.params for c in found.regularised], [c.loss for c in found.regularised], COLORS["regularised"], "one model, tuned"
    )
    limits = [(one, laws.in_members(one)) for one in found.ensembles]
    for one, _ in limits:
        axis.plot([one.params] * len(one.sizes), one.losses, "o", markersize=3.5, color=COLORS["joint"], alpha=0.35)
    known = [(one, limit) for one, limit in limits if not limit.fit.refused]
    if known:
        style.whiskers(axis, [o.params for o, _ in known], [k.interval for _, k in known], COLORS["joint"], "K to infinity", line=False)
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
        rows.append(limit_row(f"{one}, K to infinity", laws.in_members(one), f"fig6.limit_{counterpart(one.model)}"))
        rows += ensemble_rows("ensemble", one)
    return rows


def by_tokens(table: pd.DataFrame) -> dict[int, Recipes]:
    """Every D, each on the models that all D have."""
    every = sorted(int(tokens) for tokens in set(table["data.tokens"]))
    models = set.intersection(*(set(table.loc[table["data.tokens"] == tokens, "model.name"]) for tokens in every)) if every else set()
    return {tokens: recipes(table, tokens, models) for tokens in every}


def or_best(limit: Limit, losses: list[float]) -> float:
    """The limit, or without one the best measured loss."""
    return limit.value if math.isfinite(limit.value) else min(losses, default=math.nan)


def data_losses(found: dict[int, Recipes]) -> dict[str, dict[int, float]]:
    """Recipe -> D -> its score."""
    return {
        "standard": {d: one.best_standard.loss.mean if one.best_standard else math.nan for d, one in found.items()},
        "regularised": {d: or_best(one.regularised_limit, [c.loss.mean for c in one.regularised]) for d, one in found.items()},
        "joint": {d: or_best(one.joint_limit, [float(e.losses[-1]) for e in one.ensembles]) for d, one in found.items()},
    }


def fig7(table: pd.DataFrame) -> Figure:
    """The score of every recipe against D, with a law in D."""
    losses = data_losses(by_tokens(table))
    figure, (axis, paper) = style.canvas("Fig. 7  Data scaling of each recipe", 1, "joint limits, law 0.96 / D^0.23 + 1.80", 5.0)
    for recipe, scores in losses.items():
        kept = {tokens: loss for tokens, loss in scores.items() if math.isfinite(loss)}
        axis.plot(list(kept), list(kept.values()), **{**style.MARK, "linewidth": 0}, color=COLORS[recipe], label=recipe)
        limit = laws.in_tokens(kept)
        if kept and not limit.fit.refused:
            x, y = laws.curve(limit.fit, min(kept) / 1e3, 4 * max(kept) / 1e3)
            axis.plot(x * 1e3, y, color=COLORS[recipe], linestyle="--", linewidth=1)
    if losses["standard"]:
        style.log_ticks(axis, list(losses["standard"]), [f"{tokens:,}" for tokens in losses["standard"]])
    style.label(axis, "unique tokens D", "validation loss (limit where a law exists)")
    style.legend(axis)
    paper.plot(list(PAPER_TOKENS.values()), [value(f"fig8.joint_at_{d}") for d in PAPER_TOKENS], **{**HOLLOW, "linewidth": 0})
    x, y = laws.curve(laws.Fit("power", {"A": 0.962, "B": 0.228, "C": 1.798}, math.nan, 4), 0.18, 2)
    paper.plot(x, y, color=PAPER, linestyle="--", linewidth=1)
    style.log_ticks(paper, list(PAPER_TOKENS.values()), ["200M", "400M", "800M", "1.6B"])
    style.label(paper, "unique tokens D", "")
    return figure


def fig7_summary(table: pd.DataFrame) -> list[Row]:
    losses = data_losses(by_tokens(table))
    rows = []
    standard = laws.in_tokens(losses["standard"])
    for recipe, scores in losses.items():
        limit = laws.in_tokens(scores)
        rows.append(limit_row(f"{recipe}, D to infinity", limit, "fig7.asymptote_low"))
        if not limit.fit.refused:
            rows.append(row(f"{recipe}, law in D", limit.fit.parameters["B"], "fig7.exponent_low", "exponent"))
        rows += [row(f"{recipe}, D = {tokens:,}", loss, quantity="score") for tokens, loss in scores.items()]
        for tokens, loss in scores.items():
            times = laws.efficiency(standard.fit, loss, losses["standard"][tokens])
            rows.append(row(f"{recipe}, D = {tokens:,}", times, quantity="data efficiency"))
    return rows


def fig8(table: pd.DataFrame) -> Figure:
    """K -> infinity against N at every D, and the joint limits."""
    found = by_tokens(table)
    figure, (axis, paper) = style.canvas("Fig. 8  The joint limit at every D", 1, "K to infinity at 200M, 400M, 800M, 1.6B tokens", 5.0)
    drawn: list[Ensemble] = []
    for index, (tokens, one) in enumerate(found.items()):
        color = style.shade(index, len(found))
        known = [(e, laws.in_members(e)) for e in one.ensembles]
        known = [(e, limit) for e, limit in known if not limit.fit.refused]
        drawn += [e for e, _ in known]
        if known:
            style.whiskers(axis, [e.params for e, _ in known], [k.interval for _, k in known], color, f"D = {tokens:,}", line=False)
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
        rows += [limit_row(f"{e}, D = {tokens:,}, K to infinity", laws.in_members(e)) for e in one.ensembles]
    law = laws.in_tokens({tokens: one.joint_limit.value for tokens, one in found.items()})
    return [*rows, limit_row("law in D over the joint limits", law, "fig8.data_asymptote")]
