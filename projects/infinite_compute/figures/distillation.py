"""Figure 9, tables 3 and 4 (distillation) and table 1 (continued pre-training)."""

import math

import pandas as pd
from matplotlib.figure import Figure

from projects.infinite_compute import laws, tables
from projects.infinite_compute.figures import style
from projects.infinite_compute.figures.rows import Row, row
from projects.infinite_compute.figures.style import COLORS, HOLLOW, PAPER
from projects.infinite_compute.published import value
from shared.stats import Interval, mean_interval


def dots(axis, names: list[str], found: list[Interval], colors: list[str]) -> None:
    """A dot plot, best at the bottom of the list; whiskers where there are seeds."""
    for place, (one, color) in enumerate(zip(found, colors, strict=True)):
        below = 0 if math.isnan(one.low) else one.mean - one.low
        above = 0 if math.isnan(one.high) else one.high - one.mean
        axis.errorbar([one.mean], [place], xerr=[[below], [above]], color=color, capsize=2, **style.MARK)
        axis.annotate(f"{one.mean:.3f}", (one.mean, place), (0, 7), textcoords="offset points", ha="center", fontsize=7.5, color=color)
    axis.set_yticks(range(len(names)), names, fontsize=8)
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.grid(axis="x", color="#e6e6e2", linewidth=0.7)
    axis.margins(x=0.15)
    style.label(axis, "validation loss, nats per token", "")
    if not names:
        style.nothing(axis, "no finished runs")


def paper_dots(axis, names: list[str], keys: list[str]) -> None:
    losses = [value(key) for key in keys]
    axis.plot(losses, range(len(keys)), **{**HOLLOW, "linewidth": 0})
    for place, loss in enumerate(losses):
        axis.annotate(f"{loss:.4g}", (loss, place), (0, 7), textcoords="offset points", ha="center", fontsize=7.5, color=PAPER)
    axis.set_yticks(range(len(names)), names, fontsize=8, color=PAPER)
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.margins(x=0.15)


def student_name(members: int, weight: float) -> str:
    kind = "self-distilled" if members == 1 else f"distilled from {members}"
    return f"{kind}, no real text" if weight == 1.0 else f"{kind}, {weight:.0%} synthetic"


def outcomes(table: pd.DataFrame) -> dict[str, tuple[Interval, str, str]]:
    """Name -> (loss, colour, note): the yardsticks, then every student."""
    found: dict[str, tuple[Interval, str, str]] = {}
    single = tables.best(tables.cells(tables.scratch(table)))
    if single:
        found["best single model"] = (single.loss, COLORS["regularised"], str(single))
    ensembles = tables.ensembles(table)
    if ensembles:
        teacher = max(ensembles, key=lambda one: len(one.sizes))
        found["self-distillation teacher"] = (Interval(float(teacher.losses[0]), math.nan, math.nan, 1), PAPER, str(teacher))
        last = Interval(float(teacher.losses[-1]), math.nan, math.nan, 1)
        found[f"teacher, K = {teacher.sizes[-1]:.0f}"] = (last, COLORS["ensemble"], str(teacher))
    columns = ["synthetic.members", "synthetic.weight", "optim.weight_decay", "synthetic.teacher"]
    rows = tables.students(table)
    for (members, weight, decay, teacher), group in rows.groupby(columns) if len(rows) else ():
        name = student_name(int(members), float(weight))
        if decay != tables.STANDARD_DECAY:
            name += f", wd {decay:g}"
        if teacher != "mixture":
            name += f", {teacher} teacher"
        color = COLORS["joint"] if members == 1 else COLORS["distilled"]
        found[name] = (mean_interval(group["val/loss"].astype(float)), color, f"wd {decay:g}")
    return found


def drawn(table: pd.DataFrame, title: str, paper_names: list[str], paper_keys: list[str]) -> Figure:
    found = outcomes(table)
    figure, (axis, paper) = style.canvas(title, 1, "paper: 300M, D = 200M", 5.2)
    dots(axis, list(found), [one for one, _, _ in found.values()], [color for _, color, _ in found.values()])
    paper_dots(paper, paper_names, paper_keys)
    return figure


def rows_of(table: pd.DataFrame, keys: dict[str, str]) -> list[Row]:
    """`keys` maps the beginning of a name to the paper's number; the first that fits is taken."""
    rows = []
    for name, (one, _, note) in outcomes(table).items():
        key = next((key for start, key in keys.items() if name.startswith(start)), "")
        rows.append(row(name, one, key, note=note))
    return rows


def best_student(table: pd.DataFrame, kind: str) -> tuple[str, float]:
    """The best student whose name starts with `kind`, and its loss."""
    found = {name: one.mean for name, (one, _, _) in outcomes(table).items() if name.startswith(kind)}
    name = min(found, key=found.get, default="")
    return name, found.get(name, math.nan)


def kept(table: pd.DataFrame) -> float:
    """Share of the ensemble's gain that the best distilled student keeps; NaN while something is missing."""
    found = outcomes(table)
    single = found.get("best single model")
    teacher = next((one for name, one in found.items() if name.startswith("teacher")), None)
    _, student = best_student(table, "distilled")
    if single is None or teacher is None:
        return math.nan
    return laws.retention(single[0].mean, student, teacher[0].mean)


def fig9(table: pd.DataFrame) -> Figure:
    """Yardsticks and students."""
    names = ["best single model", "self-distillation teacher", "teacher, K = 8", "distilled from 8, 90%", "self-distilled, 75%"]
    keys = ["fig9.single", "fig9.self_teacher", "fig9.ensemble", "fig9.distilled", "fig9.self_distilled"]
    share = kept(table)
    gain = f" keeps {share:.0%} of the ensemble's gain (paper {value('fig9.retention'):.0%})" if math.isfinite(share) else ""
    title = f"Fig. 9  Distillation{gain}"
    return drawn(table, title, names, keys)


def fig9_summary(table: pd.DataFrame) -> list[Row]:
    keys = {"best single": "fig9.single", "self-distillation teacher": "fig9.self_teacher", "teacher": "fig9.ensemble"}
    for kind, key in (("distilled", "fig9.distilled"), ("self-distilled", "fig9.self_distilled")):
        name, _ = best_student(table, kind)
        if name:
            keys[name] = key
    return [*rows_of(table, keys), row("best distilled student", kept(table), "fig9.retention", "share of the ensemble's gain kept")]


def table3(table: pd.DataFrame) -> Figure:
    """Students of the ensemble by share, decay and way of sampling."""
    return drawn(table, "Table 3  Students of the ensemble", ["distilled from 8, 90%, wd 0.1"], ["table3.distilled_w90"])


def table3_summary(table: pd.DataFrame) -> list[Row]:
    return rows_of(table, {"distilled from 8, 90%": "table3.distilled_w90"})


SELF_KEYS = {
    "self-distillation teacher": "table4.self_teacher",
    "self-distilled, 50%": "table4.self_w50",
    "self-distilled, 75%": "table4.self_w75",
    "self-distilled, no real": "table4.self_w100",
}


def table4(table: pd.DataFrame) -> Figure:
    """Self-distillation with more and more synthetic text."""
    return drawn(table, "Table 4  Self-distillation with more and more synthetic text", list(SELF_KEYS), list(SELF_KEYS.values()))


def table4_summary(table: pd.DataFrame) -> list[Row]:
    return rows_of(table, SELF_KEYS)


TABLE1 = {
    "table1.default": "default",
    "table1.small_batch": "small batch",
    "table1.more_epochs": "and epochs",
    "table1.ensemble_k8": "and K = 8",
    "table1.all_data": "17x the data",
}


def continued_outcomes(table: pd.DataFrame) -> dict[str, tuple[Interval, str]]:
    """Name -> (loss on the second domain, colour)."""
    found: dict[str, tuple[Interval, str]] = {}
    cells = tables.cells(tables.continued(table))
    largest = max((cell.batch_size for cell in cells), default=0)
    for cell in sorted(cells, key=lambda cell: (-cell.batch_size, cell.epochs)):
        if cell.batch_size == largest:
            found[f"default, batch {cell.batch_size}"] = (cell.loss, COLORS["standard"])
        elif cell.epochs == 1:
            found[f"small batch {cell.batch_size}"] = (cell.loss, COLORS["regularised"])
        else:
            found[f"and {cell.epochs} epochs"] = (cell.loss, COLORS["distilled"])
    for one in tables.ensembles(table):
        name = f"and K = {one.sizes[-1]:.0f}" if one.combine == "logits" else f"soup of {one.sizes[-1]:.0f}"
        color = COLORS["ensemble"] if one.combine == "logits" else COLORS["joint"]
        found[name] = (Interval(float(one.losses[-1]), math.nan, math.nan, 1), color)
    return found


def table1(table: pd.DataFrame) -> Figure:
    """Each step of the recipe on the second domain; the paper's column is benchmark accuracy."""
    found = continued_outcomes(table)
    figure, (axis, paper) = style.canvas(
        "Table 1  Continued pre-training on a second domain", 1, "paper: Llama-3.2-3B on mathematics, mean of 3 benchmarks", 5.2
    )
    dots(axis, list(found), [one for one, _ in found.values()], [color for _, color in found.values()])
    paper_dots(paper, list(TABLE1.values()), list(TABLE1))
    style.label(paper, "accuracy, %", "")
    return figure


def forgotten(table: pd.DataFrame) -> dict[str, Interval]:
    """What continued runs still know of the text they started from: validation loss on it, by batch and epochs."""
    rows = tables.continued(table)
    if "start/val/loss" not in rows:
        return {}
    groups = rows.groupby(["train.batch_size", "train.epochs"], sort=False)
    return {f"batch {batch}, {epochs} epochs": mean_interval(group["start/val/loss"].dropna()) for (batch, epochs), group in groups}


def table1_summary(table: pd.DataFrame) -> list[Row]:
    """Our losses, then the paper's accuracies in rows of their own: a ratio of the two would mean nothing."""
    rows = [row(name, one) for name, (one, _) in continued_outcomes(table).items()]
    rows += [row(name, one, quantity="loss on the first domain") for name, one in forgotten(table).items()]
    note = "not measured here: Llama-3.2-3B on mathematics"
    return rows + [row(f"paper, {name}", Interval(math.nan, math.nan, math.nan, 0), key, "accuracy", note) for key, name in TABLE1.items()]
