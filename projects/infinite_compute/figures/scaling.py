"""Figures 1, 2, 3, 6, 7 and 8: laws in N, K and D."""

import math
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from projects.infinite_compute import laws, tables
from projects.infinite_compute.certificate import Certificate, certify
from projects.infinite_compute.figures import style
from projects.infinite_compute.figures.ensembles import longest, roles
from projects.infinite_compute.figures.rows import Row, cell_row, counterpart, ensemble_rows, limit_row, row
from projects.infinite_compute.figures.style import COLORS, HOLLOW, PAPER
from projects.infinite_compute.laws import Limit
from projects.infinite_compute.published import series, value
from projects.infinite_compute.tables import Cell, Ensemble
from shared.stats import Fit, Interval

SIZES = ["150M", "300M", "600M", "1400M"]
BILLIONS = {"150M": 0.15, "300M": 0.3, "600M": 0.6, "1400M": 1.4}
PAPER_TOKENS = {"200M": 0.2097, "400M": 0.4194, "800M": 0.8389, "1600M": 1.6777}  # D in billions


@dataclass(frozen=True)
class Recipes:
    """Everything the scaling figures say about one D."""

    standard: list[Cell]  # best of every model at weight decay 0.1
    regularised: list[Cell]  # best of every model whose decay was searched
    ensembles: list[Ensemble]  # the one with the lowest limit, per model
    up_to: int  # K of every law in K
    regularised_limit: Limit
    joint_limit: Limit

    @property
    def best_standard(self) -> Cell | None:
        return tables.best(self.standard)

    def in_members(self, ensemble: Ensemble) -> Limit:
        return laws.in_members(ensemble, self.up_to)


def full_ensembles(table: pd.DataFrame) -> list[Ensemble]:
    """Those whose members differ in weights and order, and whose logits are averaged."""
    return [one for one in tables.ensembles(table) if one.vary == "both" and one.combine == "logits"]


def recipes(table: pd.DataFrame, tokens: int, models: set[str] | None = None, up_to: int = 0) -> Recipes:
    """Reads one D; `models` and `up_to` restrict it, so that several D are compared on the same models and the same K."""
    here = [cell for cell in tables.cells(tables.scratch(table)) if cell.tokens == tokens]
    kept = [one for one in full_ensembles(table) if one.tokens == tokens]
    if models is not None:
        here = [cell for cell in here if cell.model in models]
        kept = [one for one in kept if one.model in models]
    up_to = up_to or laws.common(kept)
    searched = {cell.model for cell in here if not tables.is_standard(cell)}
    regularised = tables.best_by_model([cell for cell in here if cell.model in searched])
    joint = [lowest([one for one in kept if one.model == model], up_to) for model in dict.fromkeys(one.model for one in kept)]
    standard = tables.best_by_model([cell for cell in here if tables.is_standard(cell)])
    return Recipes(standard, regularised, joint, up_to, laws.in_parameters(regularised), laws.joint(joint, up_to))


def lowest(found: list[Ensemble], up_to: int) -> Ensemble:
    """The ensemble with the lowest limit, or, without limits, the lowest last loss."""
    limits = [(laws.in_members(one, up_to).value, one.losses[-1]) for one in found]
    order = [(limit if math.isfinite(limit) else last, index) for index, (limit, last) in enumerate(limits)]
    return found[min(order)[1]]


def by_tokens(table: pd.DataFrame) -> dict[int, Recipes]:
    """Every D, each on the models and the K that all D have."""
    every = sorted(int(tokens) for tokens in set(table["data.tokens"]))
    models = set.intersection(*(set(table.loc[table["data.tokens"] == tokens, "model.name"]) for tokens in every)) if every else set()
    up_to = laws.common([one for one in full_ensembles(table) if one.model in models])
    return {tokens: recipes(table, tokens, models, up_to) for tokens in every}


@dataclass(frozen=True)
class Score:
    """What a recipe reaches at one D; `solid` ones enter its law in D."""

    loss: Interval
    note: str
    solid: bool


def score(limit: Limit, measured: list[float]) -> Score | None:
    """A limit that its points determine; else, not solid, the best measured loss."""
    if limit.determined:
        return Score(limit.interval, limit.note, True)
    why = limit.fit.refused or limit.doubt
    return Score(Interval(min(measured), math.nan, math.nan, 1), f"best measured loss; no limit: {why}", False) if measured else None


def scores_by_tokens(table: pd.DataFrame) -> dict[str, dict[int, Score]]:
    """Recipe -> D -> its score: measured for the standard recipe, the limit for the others."""
    main = tables.headline(table)
    scores: dict[str, dict[int, Score]] = {"standard": {}, "regularised": {}, "ensemble": {}, "joint": {}}
    for tokens, one in by_tokens(table).items():
        standard = one.best_standard
        found = {
            "standard": Score(standard.loss, str(standard), True) if standard else None,
            "regularised": score(one.regularised_limit, [cell.loss.mean for cell in one.regularised]),
            "ensemble": next((score(one.in_members(e), [float(e.losses[-1])]) for e in one.ensembles if e.model == main), None),
            "joint": score(one.joint_limit, [float(e.losses[-1]) for e in one.ensembles]),
        }
        for recipe, reached in found.items():
            if reached:
                scores[recipe][tokens] = reached
    return scores


def law_in_tokens(scores: dict[int, Score]) -> Limit:
    return laws.in_tokens({tokens: one.loss.mean for tokens, one in scores.items() if one.solid})


def paper_points(axis, prefix: str, name: str, marker: str = "o", suffix: str = "") -> list[float]:
    """The paper's numbers for its sizes, hollow, against N in billions."""
    found, losses = series(prefix, [size + suffix for size in SIZES])
    sizes = [BILLIONS[key.removesuffix(suffix)] for key in found]
    axis.plot(sizes, losses, **{**HOLLOW, "marker": marker}, label=name)
    return losses


def paper_law(scale: str, exponent: str, asymptote: str) -> Fit:
    """One of the paper's laws, from the keys of its constants."""
    return Fit("power", {"A": value(scale), "B": value(exponent), "C": value(asymptote)}, math.nan, 4)


def paper_sizes(axis) -> None:
    style.log_ticks(axis, list(BILLIONS.values()), ["150M", "300M", "600M", "1.4B"])
    axis.set_xlim(0.11, 2.2)
    style.label(axis, "parameters", "")


def fig1(table: pd.DataFrame) -> Figure:
    """Loss against the total parameter count, every recipe with its limit; the right axis is data efficiency."""
    tokens, main = tables.main_tokens(table), tables.headline(table)
    found = recipes(table, tokens)
    title = f"Fig. 1  The limit of each recipe (D = {tokens:,} tokens, laws over K = 1 to {found.up_to})"
    figure, (axis, paper) = style.canvas(title, 1, "D = 200M, web text", 5.6)
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
        keys, times = series("fig1.efficiency_", [name])
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
    """Best regularised and best standard per model, with the law in N; a ring marks what is not certified."""
    found = recipes(table, tables.main_tokens(table))
    theirs = paper_law("fig3.scale", "fig3.exponent", "fig3.asymptote")
    form = "{A:g} / N^{B:g} + {C:g}".format(**theirs.parameters)
    figure, (axis, paper) = style.canvas("Fig. 3  Tuned weight decay, loss against parameters", 1, form, 5.0)
    style.whiskers(axis, [c.params for c in found.standard], [c.loss for c in found.standard], COLORS["standard"], "standard, wd 0.1")
    sizes = [cell.params for cell in found.regularised]
    if sizes:
        style.whiskers(axis, sizes, [c.loss for c in found.regularised], COLORS["regularised"], "regularised", line=False)
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
    figure, (axis, paper) = style.canvas(title, 1, f"K to infinity, {value('fig6.joint')} in the limit", 5.0)
    style.whiskers(
        axis, [c.params for c in found.regularised], [c.loss for c in found.regularised], COLORS["regularised"], "one model, tuned"
    )
    limits = [(one, found.in_members(one)) for one in found.ensembles]
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
        rows.append(limit_row(f"{one}, K to infinity", found.in_members(one), f"fig6.limit_{counterpart(one.model)}"))
        rows += ensemble_rows("ensemble", one)
    return rows


def fig7(table: pd.DataFrame) -> Figure:
    """The score of every recipe against D, with a law in D; hollow marks are measured losses where there is no limit."""
    scores = scores_by_tokens(table)
    up_to = laws.common(full_ensembles(table))
    exponents = f"exponents {value('fig7.exponent_low')} to {value('fig7.exponent_high')}"
    title = f"Fig. 7  Data scaling of each recipe (laws over K = 1 to {up_to})"
    figure, (axis, paper) = style.canvas(title, 1, f"joint limits; {exponents}", 5.0)
    for recipe, found in scores.items():
        color = COLORS[recipe]
        solid = {tokens: one.loss for tokens, one in found.items() if one.solid}
        rest = {tokens: one.loss.mean for tokens, one in found.items() if not one.solid}
        limit = law_in_tokens(found)
        name = recipe if limit.fit.refused else f"{recipe}, D to infinity {limit.label}"
        if solid:
            style.whiskers(axis, list(solid), list(solid.values()), color, name, line=False)
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
    figure, (axis, paper) = style.canvas(title, 1, "K to infinity at 200M, 400M, 800M, 1.6B tokens", 5.0)
    drawn: list[Ensemble] = []
    for index, (tokens, one) in enumerate(found.items()):
        color = style.shade(index, len(found))
        known = [(e, one.in_members(e)) for e in one.ensembles]
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
        rows += [limit_row(f"{e}, D = {tokens:,}, K to infinity", one.in_members(e)) for e in one.ensembles]
    law = laws.in_tokens({tokens: one.joint_limit.value for tokens, one in found.items() if one.joint_limit.determined})
    return [*rows, limit_row("law in D over the joint limits", law, "fig8.data_asymptote")]
