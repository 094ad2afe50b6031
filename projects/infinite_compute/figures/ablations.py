"""Figures 10 to 15 and 20: downstream probe, frozen hypers, batch size, decay, trajectories, sensitivity."""

import math

import pandas as pd
from matplotlib.figure import Figure

from projects.infinite_compute import laws, tables
from projects.infinite_compute.figures import style
from projects.infinite_compute.figures.ensembles import longest
from projects.infinite_compute.figures.recipes import SIZES
from projects.infinite_compute.figures.rows import Row, cell_row, counterpart, limit_row, row
from projects.infinite_compute.figures.scaling import best_per_epochs
from projects.infinite_compute.figures.style import COLORS, HOLLOW, PAPER
from projects.infinite_compute.laws import Limit
from projects.infinite_compute.published import known, published, value
from projects.infinite_compute.tables import Cell
from shared.stats import Interval, mean_interval


def probe_points(table: pd.DataFrame) -> list[tuple[str, str, float, Interval, str]]:
    """(recipe, name, loss, accuracy in %, the paper's key) of everything that was probed."""
    found = []
    rows = tables.scratch(table)
    if "probe/accuracy" not in table:
        return found
    for (model, decay), group in rows.groupby(["model.name", "optim.weight_decay"]) if len(rows) else ():
        recipe = "standard" if decay == tables.STANDARD_DECAY else "regularised"
        accuracy = mean_interval(100 * group["probe/accuracy"].astype(float))
        found.append((recipe, model, float(group["val/loss"].mean()), accuracy, f"fig10.{recipe}_{counterpart(model)}"))
    for one in tables.ensembles(table):
        for k, loss, accuracy in zip(one.sizes, one.losses, 100 * one.accuracy, strict=True):
            key = f"fig10.ensemble_{counterpart(one.model)}_k{k:.0f}"
            found.append(("ensemble", f"{one.model}, K = {k:.0f}", float(loss), Interval(float(accuracy), math.nan, math.nan, 1), key))
    for _, one in tables.students(table).iterrows():
        kind = "self_distilled" if one["synthetic.members"] == 1 else "distilled"
        name = f"{kind.replace('_', '-')}, {one['synthetic.weight']:.0%} synthetic"
        accuracy = Interval(100 * float(one["probe/accuracy"]), math.nan, math.nan, 1)
        found.append(("distilled", name, float(one["val/loss"]), accuracy, f"fig10.{kind}"))
    return [point for point in found if math.isfinite(point[3].mean)]


def fig10(table: pd.DataFrame) -> Figure:
    """Probe error against loss; the paper's panel is the mean accuracy of three benchmarks by recipe."""
    found = probe_points(table)
    title = "Fig. 10  Probe made from held-out text (chance 25%)"
    figure, (axis, paper) = style.canvas(title, 1, "paper: mean of ARC-Easy, PIQA, SciQ", 5.0)
    for recipe in ("standard", "regularised", "ensemble", "distilled"):
        mine = [(loss, one) for kind, _, loss, one, _ in found if kind == recipe]
        if mine:
            style.curve(axis, [loss for loss, _ in mine], [one for _, one in mine], COLORS[recipe], recipe, linewidth=0)
    if not found:
        style.nothing(axis, "no finished runs")
    style.label(axis, "validation loss, nats per token", "probe accuracy, %")
    axis.invert_xaxis()
    style.legend(axis)
    for marker, name in (("s", "standard"), ("o", "regularised")):
        keys, scores = known(f"fig10.{name}_", SIZES)
        paper.plot([SIZES.index(key) for key in keys], scores, **{**HOLLOW, "marker": marker}, label=name)
    last = [value(f"fig10.ensemble_{size}_k5") for size in SIZES]
    paper.plot(range(4), last, **{**HOLLOW, "marker": "D"}, label="ensemble, K = 5")
    paper.plot([1], [value("fig10.distilled")], **{**HOLLOW, "marker": "*", "markersize": 9, "linewidth": 0}, label="distilled")
    paper.set_xticks(range(4), ["150M", "300M", "600M", "1.4B"])
    style.label(paper, "parameters", "accuracy, %")
    style.legend(paper)
    return figure


def fig10_summary(table: pd.DataFrame) -> list[Row]:
    note = "ours is the probe, the paper's the mean of three benchmarks"
    return [
        row(name if recipe == "distilled" else f"{recipe}, {name}", accuracy, key, "accuracy, %", note if key in published() else "")
        for recipe, name, _, accuracy, key in probe_points(table)
    ]


def frozen(table: pd.DataFrame) -> dict[str, list[Cell]]:
    """The tuned cells, and those with the smallest model's decay or epochs."""
    cells = tables.cells(tables.scratch(table))
    tuned = tables.best_by_model(cells)
    if not tuned:
        return {}
    small = tuned[0]
    decay = [tables.best([c for c in cells if c.model == one.model and c.decay == small.decay]) for one in tuned]
    epochs = [tables.best([c for c in cells if c.model == one.model and c.epochs == small.epochs]) for one in tuned]
    return {
        "tuned": tuned,
        f"decay frozen at {small.decay:g}": [cell for cell in decay if cell],
        f"epochs frozen at {small.epochs}": [cell for cell in epochs if cell],
    }


def fig11(table: pd.DataFrame) -> Figure:
    """Tuned against frozen hypers."""
    figure, (axis,) = style.canvas("Fig. 11  The smallest model's decay or epochs for every size", width=6.0)
    found = frozen(table)
    for (name, cells), recipe in zip(found.items(), ("regularised", "standard", "distilled"), strict=False):
        style.curve(axis, [cell.params for cell in cells], [cell.loss for cell in cells], COLORS[recipe], name)
    if found:
        style.size_ticks(axis, found["tuned"])
    else:
        style.nothing(axis, "no finished runs")
    style.label(axis, "parameters")
    style.legend(axis)
    return figure


def fig11_summary(table: pd.DataFrame) -> list[Row]:
    return [cell_row(name, cell) for name, cells in frozen(table).items() for cell in cells]


def fig12(table: pd.DataFrame) -> Figure:
    """Tuned decay, epochs and rate by size; the paper's, hollow, on the same axes: hypers compare, losses do not."""
    cells = tables.cells(tables.scratch(table))
    figure, axes = style.canvas("Fig. 12  Tuned hyper-parameters by size and D (grey: the paper's, 200M to 1.6B tokens)", 3, width=3.7)
    fields = {"decay": "weight decay", "epochs": "epochs", "lr": "learning rate"}
    every = sorted({cell.tokens for cell in cells})
    for axis, (field, name) in zip(axes, fields.items(), strict=True):
        for marker, tokens in zip("osD^", ("200M", "400M", "800M", "1600M"), strict=True):
            numbers = [value(f"fig12.{field}_{size}_at_{tokens}") for size in SIZES]
            axis.plot(range(4), numbers, **{**HOLLOW, "marker": marker, "alpha": 0.6})
        for index, tokens in enumerate(every):
            best = tables.best_by_model([cell for cell in cells if cell.tokens == tokens])
            ranks = [SIZES.index(counterpart(cell.model)) for cell in best]
            axis.plot(
                ranks, [getattr(cell, field) for cell in best], **style.MARK, color=style.shade(index, len(every)), label=f"D = {tokens:,}"
            )
        style.log_numbers(axis)
        axis.set_xticks(range(4), ["1st\n150M", "2nd\n300M", "3rd\n600M", "4th\n1.4B"])
        style.label(axis, "model, by size", "", name)
    style.legend(axes[0])
    return figure


def fig12_summary(table: pd.DataFrame) -> list[Row]:
    cells = tables.cells(tables.scratch(table))
    rows, main = [], tables.main_tokens(table)
    for tokens in sorted({cell.tokens for cell in cells}):
        for cell in tables.best_by_model([cell for cell in cells if cell.tokens == tokens]):
            for field, name in (("decay", "weight decay"), ("epochs", "epochs"), ("lr", "learning rate")):
                key = f"fig12.{field}_{counterpart(cell.model)}_at_200M" if tokens == main else ""
                rows.append(row(f"{cell.model}, D = {tokens:,}", getattr(cell, field), key, f"tuned {name}"))
    return rows


def fig13a(table: pd.DataFrame) -> Figure:
    """Loss after one epoch against the batch size."""
    cells = sorted(tables.cells(tables.scratch(table)), key=lambda cell: cell.batch_size)
    figure, (axis,) = style.canvas("Fig. 13, left  Batch size at equal tokens (paper: smaller is better)", width=6.4)
    if cells:
        style.curve(axis, [cell.batch_size for cell in cells], [cell.loss for cell in cells], COLORS["standard"], cells[0].model)
        style.log_ticks(axis, [cell.batch_size for cell in cells])
    else:
        style.nothing(axis, "no finished runs")
    style.label(axis, "sequences per batch, one epoch")
    return figure


def fig13a_summary(table: pd.DataFrame) -> list[Row]:
    cells = sorted(tables.cells(tables.scratch(table)), key=lambda cell: cell.batch_size)
    return [row(f"{cell.model}, batch of {cell.batch_size}", cell.loss) for cell in cells]


def decay_curves(table: pd.DataFrame) -> dict[str, list[Cell]]:
    """Model -> its cells by decay."""
    cells = tables.cells(tables.scratch(table))
    models = dict.fromkeys(cell.model for cell in cells)
    return {model: sorted((c for c in cells if c.model == model), key=lambda cell: cell.decay) for model in models}


def fig13b(table: pd.DataFrame) -> Figure:
    """Loss against weight decay."""
    figure, (axis,) = style.canvas("Fig. 13, right  Weight decay at tuned rate and epochs", width=6.4)
    curves = decay_curves(table)
    for (model, cells), color in zip(curves.items(), (COLORS["regularised"], COLORS["ensemble"], COLORS["joint"]), strict=False):
        low = tables.best(cells)
        style.curve(axis, [c.decay for c in cells], [c.loss for c in cells], color, f"{model}, best at {low.decay:g}")
    for size in ("300M", "1400M"):
        decay = value(f"fig13b.best_decay_{size}")
        axis.axvline(decay, color=PAPER, linestyle=":", linewidth=1)
        axis.annotate(
            f"paper {size}", (decay, 1), (2, -10), xycoords=("data", "axes fraction"), textcoords="offset points", fontsize=7, color=PAPER
        )
    if curves:
        style.log_ticks(axis, sorted({cell.decay for cells in curves.values() for cell in cells if cell.decay > 0}))
    else:
        style.nothing(axis, "no finished runs")
    style.label(axis, "weight decay")
    style.legend(axis)
    return figure


def fig13b_summary(table: pd.DataFrame) -> list[Row]:
    rows = []
    for model, cells in decay_curves(table).items():
        rows.append(row(f"{model}, best", tables.best(cells).decay, f"fig13b.best_decay_{counterpart(model)}", "weight decay"))
        rows += [row(f"{model}, wd {cell.decay:g}", cell.loss) for cell in cells]
    return rows


def trajectories(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Recipe -> evaluations over seeds: epochs passed (index) and the loss (columns are runs)."""
    rows = tables.measured(table, "train")
    found = {}
    for (epochs, decay), group in rows.groupby(["train.epochs", "optim.weight_decay"]) if len(rows) else ():
        recipe = "standard" if decay == tables.STANDARD_DECAY else "regularised"
        passed = (group["step"] / group["train.steps"] * epochs).round(4)
        wide = group.assign(passed=passed).pivot_table(index="passed", columns="run_id", values="val/loss")
        found[f"{recipe}: {epochs} ep, lr {group['optim.lr'].iloc[0]:g}, wd {decay:g}"] = wide
    return found


def fig14(table: pd.DataFrame) -> Figure:
    """Validation loss during training, against the tokens seen; every schedule ends where its line ends."""
    figure, (axis,) = style.canvas("Fig. 14  Trajectories (paper: strong decay trails until the rate falls)", width=6.8)
    found = trajectories(table)
    for name, wide in found.items():
        color = COLORS[name.split(":")[0]]
        axis.plot(wide.index, wide.mean(axis=1), **style.MARK, color=color, label=name, alpha=1.0 if wide.shape[1] > 1 else 0.5)
        if wide.shape[1] > 1:
            axis.fill_between(wide.index, wide.min(axis=1), wide.max(axis=1), color=color, alpha=0.12, linewidth=0)
    if not found:
        style.nothing(axis, "no finished runs")
    style.label(axis, "epochs over the same tokens")
    style.legend(axis)
    return figure


def fig14_summary(table: pd.DataFrame) -> list[Row]:
    return [
        row(f"{name}, after {passed:g} epochs", mean_interval(losses.dropna()))
        for name, wide in trajectories(table).items()
        for passed, losses in wide.iterrows()
    ]


def fig15(table: pd.DataFrame) -> Figure:
    """Train and validation loss against epochs."""
    cells = best_per_epochs([cell for cell in tables.cells(tables.scratch(table)) if tables.is_standard(cell)])
    figure, (axis,) = style.canvas("Fig. 15  Training and validation loss (paper: only one keeps falling)", width=6.4)
    if cells:
        epochs = [cell.epochs for cell in cells]
        style.curve(axis, epochs, [cell.loss for cell in cells], COLORS["standard"], "validation")
        axis.plot(epochs, [cell.train_loss for cell in cells], **style.MARK, color=COLORS["regularised"], label="training, last epoch")
        style.log_ticks(axis, epochs)
    else:
        style.nothing(axis, "no finished runs")
    style.label(axis, "epochs over the same tokens", "loss, nats per token")
    style.legend(axis)
    return figure


def fig15_summary(table: pd.DataFrame) -> list[Row]:
    cells = best_per_epochs([cell for cell in tables.cells(tables.scratch(table)) if tables.is_standard(cell)])
    return [
        one
        for cell in cells
        for one in (
            row(f"{cell.model}, {cell.epochs} epochs", cell.loss),
            row(f"{cell.model}, {cell.epochs} epochs", cell.train_loss, quantity="training loss"),
        )
    ]


def by_seed(table: pd.DataFrame) -> dict[int, Limit]:
    """The law in N refitted on every seed that all tuned models have."""
    tuned = tables.best_by_model(tables.cells(tables.scratch(table)))
    seeds = set.intersection(*(set(cell.seeds) for cell in tuned)) if tuned else set()
    sizes = [cell.params / 1e6 for cell in tuned]
    return {seed: laws.limit(sizes, [cell.losses[cell.seeds.index(seed)] for cell in tuned]) for seed in sorted(seeds)}


def predicted(table: pd.DataFrame) -> tuple[Cell, float] | None:
    """The largest model, and what the law fitted on the others predicts for it."""
    tuned = tables.best_by_model(tables.cells(tables.scratch(table)))
    if len(tuned) < 4:
        return None
    limit = laws.limit([cell.params / 1e6 for cell in tuned[:-1]], [cell.loss.mean for cell in tuned[:-1]])
    return (tuned[-1], float(limit.fit(tuned[-1].params / 1e6))) if not limit.fit.refused else None


def fig20(table: pd.DataFrame) -> Figure:
    """Left: the N-law per seed and the prediction of the largest model. Right: the K-law on all and on half of the members."""
    figure, (left, right) = style.canvas("Fig. 20  How far the limits move (paper: at most 0.02 between seeds)", 2, width=4.8)
    tuned = tables.best_by_model(tables.cells(tables.scratch(table)))
    for index, (seed, limit) in enumerate(by_seed(table).items()):
        color = style.shade(index + 1, 4)
        losses = [cell.losses[cell.seeds.index(seed)] for cell in tuned]
        left.plot([cell.params for cell in tuned], losses, "o", color=color, markersize=4)
        style.law(left, limit, tuned[0].params * 0.8, tuned[-1].params * 2, color, 1e6, f"seed {seed}", band=False)
    guess = predicted(table)
    if guess:
        left.plot([guess[0].params], [guess[1]], "x", color=COLORS["standard"], markersize=9, label="predicted from the others")
    if not tuned:
        style.nothing(left, "no finished runs")
    style.size_ticks(left, tuned)
    style.label(left, "parameters")
    style.legend(left)
    found = longest(tables.ensembles(table))
    up_to = laws.common(found)
    for one, color in zip(found, (COLORS["regularised"], COLORS["ensemble"]), strict=False):
        right.plot(one.sizes, one.losses, "o", color=color, markersize=4, label=f"{one.epochs} epochs, wd {one.decay:g}")
        style.law(right, laws.in_members(one, up_to), 1, 3 * one.sizes[-1], color, name=f"  first {up_to}")
        half = laws.in_members(one, half_of(up_to))
        if not half.fit.refused:
            right.axhline(half.value, color=color, linewidth=1, label=f"  first {half_of(up_to)}: {half.label}")
    if found:
        style.log_ticks(right, [1, 2, 3, 4, 6, 8])
    else:
        style.nothing(right, "no finished ensembles")
    style.label(right, "members K", "")
    style.legend(right)
    return figure


def half_of(members: int) -> int:
    """Half of the members, but three at least: fewer give no law."""
    return max(members // 2, 3)


def fig20_summary(table: pd.DataFrame) -> list[Row]:
    limits = by_seed(table)
    rows = [limit_row(f"N to infinity, seed {seed}", limit) for seed, limit in limits.items()]
    known = [limit.value for limit in limits.values() if math.isfinite(limit.value)]
    if len(known) > 1:
        note = next((limit.doubt for limit in limits.values() if limit.doubt), "")
        rows.append(row("N to infinity, range over seeds", max(known) - min(known), "fig20.seed_shift", "shift of the asymptote", note))
    guess = predicted(table)
    if guess:
        cell, loss = guess
        rows.append(row(f"{cell.model}, predicted minus measured", loss - cell.loss.mean, "fig20.extrapolation_error", "error"))
    found = longest(tables.ensembles(table))
    for one in found:
        for up_to in (laws.common(found), half_of(laws.common(found))):
            rows.append(limit_row(f"{one}, first {up_to}", laws.in_members(one, up_to)))
    return rows
