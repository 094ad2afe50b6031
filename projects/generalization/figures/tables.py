"""Table T1: our bounds beside those of others. Numbers that are recalled carry the tag of what is unverified."""

import math

import pandas as pd
from matplotlib.figure import Figure

from projects.generalization.figures import style
from projects.generalization.figures.certified import LABELS
from projects.generalization.figures.reading import DATA, UNKNOWN, distinct, finished, mean, where
from projects.generalization.figures.texts import UNITS
from projects.generalization.published import published, row
from shared.figures.published import Row
from shared.stats import Interval

Line = tuple[str, Interval, str]  # setting, ours, key of the published number
MEASURES = {
    "share": "bound on bits per token, share of guessing", "top1": "bound on misses of the first guess",
    "top10": "bound on misses of ten guesses",
}  # fmt: skip
ELSEWHERE = {"mnist": "MNIST", "cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "imagenet": "ImageNet"}  # not measured here


def errors(table: pd.DataFrame) -> list[Line]:
    """Bounds on the error of classifiers."""
    rows = where(finished(table), entry="compress")
    lines = [(f"{DATA.get(name, name)}, {LABELS[share]}", mean(where(rows, data__name=name, subspace__altered=share), "bound/catoni"),
              "certificate.guessing" if share else f"certificate.{name}")
             for name in distinct(rows, "data.name") for share in distinct(rows, "subspace.altered")]  # fmt: skip
    others = [(text, UNKNOWN, f"certificate.{name}") for name, text in ELSEWHERE.items() if name not in distinct(rows, "data.name")]
    return lines + others if lines else []


def words(table: pd.DataFrame, measure: str) -> list[Line]:
    """The best bounds of language models over d."""
    rows = where(finished(table), entry="language")
    if rows.empty:
        return []
    name = ", ".join(DATA.get(one, one) for one in distinct(rows, "data.name"))
    lines = []
    for unit in UNITS:
        bound = rows[f"{unit}/bound"] / rows["guessing/bits"] if measure == "share" else rows[f"{unit}/{measure}_bound"]
        some = rows.assign(bound=bound)
        of_d = [mean(where(some, subspace__dimension=d), "bound") for d in distinct(rows, "subspace.dimension")]
        lines.append((f"{name}, by {unit}", min(of_d, key=lambda one: one.mean), f"language.{unit}_{measure}"))
    return lines


def t1(table: pd.DataFrame) -> Figure:
    note = (
        "Filled: ours, from the file alone. Hollow: published; those of language models, and of ImageNet, are recalled and unverified. "
        "A stroke: guessing. Language models: theirs is GPT-2 with 50,257 tokens, ours far smaller with bytes"
    )
    figure, axes = style.canvas("Table T1  Our bounds and published ones, 95 %", 3, "", 5.2, note)
    panels = {"bound on the error": errors(table)} | {MEASURES[measure]: words(table, measure) for measure in ("share", "top1")}
    for axis, (label, lines) in zip(axes, panels.items(), strict=True):
        for place, (_, ours, key) in enumerate(reversed(lines)):
            if key in published():
                mark = {"marker": "|", "markersize": 11} if key.endswith("guessing") else {}
                axis.plot(published()[key]["value"], place, linestyle="none", **{**style.HOLLOW, "linewidth": 0, **mark})
            if math.isfinite(ours.mean):
                axis.plot(ours.mean, place, color=style.INK, linestyle="none", **{**style.MARK, "linewidth": 0})
        if lines:
            axis.set_yticks(range(len(lines)), [setting.replace(", ", ",\n") for setting, *_ in reversed(lines)], fontsize=7.5)
            axis.set_xlim(0, 1.03)
            axis.set_ylim(-0.6, len(lines) - 0.4)
        else:
            style.nothing(axis)
        style.label(axis, label, "")
    return figure


def t1_summary(table: pd.DataFrame) -> list[Row]:
    rows = [row(setting, ours, "bound on the error", key) for setting, ours, key in errors(table)]
    return rows + [row(setting, ours, label, key) for measure, label in MEASURES.items() for setting, ours, key in words(table, measure)]
