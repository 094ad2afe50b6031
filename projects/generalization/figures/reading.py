"""Reading tables: numbers with 95% intervals, and in words what the runs were made with. What was not measured is NaN."""

import math
from typing import Any

import numpy as np
import pandas as pd

from shared.stats import Interval, mean_interval

UNKNOWN = Interval(math.nan, math.nan, math.nan, 0)
DATA = {"fashion_mnist": "Fashion-MNIST", "digits": "digits of 8 x 8", "mnist": "MNIST", "mnist1d": "MNIST-1D", "cifar10": "CIFAR-10",
        "cifar100": "CIFAR-100", "verses": "verses of the King James Bible", "tiny": "addresses"}  # fmt: skip


def finished(table: pd.DataFrame) -> pd.DataFrame:
    """Runs that were not broken off."""
    return table[table["state"] == "done"] if "state" in table else table


def where(table: pd.DataFrame, **fields: object) -> pd.DataFrame:
    """Rows in which these columns, dots written as two underscores, have these values."""
    for field, value in fields.items():
        name = field.replace("__", ".")
        table = table[table[name] == value] if name in table else table.iloc[:0]
    return table


def distinct(table: pd.DataFrame, column: str) -> list[Any]:
    """The values of a column that occur, in order."""
    return sorted(table[column].dropna().unique()) if column in table else []


def median(rows: pd.DataFrame, column: str, draws: str) -> Interval:
    """A median over the draws of one run, with the interval that the run has logged; `draws` is the field with their number."""
    if column not in rows or rows.empty or not math.isfinite(rows[column].iloc[0]):
        return UNKNOWN
    row = rows.iloc[0]
    ends = (float(row[f"{column}/{end}"]) if f"{column}/{end}" in row else math.nan for end in ("low", "high"))
    return Interval(float(row[column]), *ends, int(row[draws]))


def mean(rows: pd.DataFrame, column: str) -> Interval:
    """Over runs, which differ in their seed."""
    found = rows[column].to_numpy(float) if column in rows else np.empty(0)
    return mean_interval(found[np.isfinite(found)])


def over_seeds(rows: pd.DataFrame, x: str, column: str) -> tuple[list[float], list[Interval]]:
    """Every value of a column, and the mean of another there."""
    places = distinct(rows, x)
    return places, [mean(rows[rows[x] == place], column) for place in places]


def over_draws(rows: pd.DataFrame, x: str, column: str, draws: str) -> tuple[list[float], list[Interval]]:
    """Every value of a column, and the median of another there."""
    places, few = distinct(rows, x), [name for name in rows if name in (x, draws) or name.startswith(column)]  # hundreds of places
    narrow = rows[few]
    return places, [median(narrow[narrow[x] == place], column, draws) for place in places]


def pictures(rows: pd.DataFrame, of_paper: str) -> str:
    """Which pictures, how many, and in whose place."""
    names = distinct(rows, "data.name")
    if not names:
        return ""
    name, kind = DATA.get(names[0], names[0]), "signals" if names[0] == "mnist1d" else "pictures"
    place = "" if name == of_paper else f" in place of {of_paper}"
    return f"{name}{place}, {int(rows['data.train'].iloc[0]):,} {kind}, {int(rows['data.test'].iloc[0]):,} for testing"


def network(rows: pd.DataFrame, of_paper: str) -> str:
    """Which network, and in whose place."""
    names = distinct(rows, "classifier.name")
    if not names:
        return ""
    kind, widths, depths = names[0], distinct(rows, "classifier.width"), distinct(rows, "classifier.depth")
    if kind == "resnet":
        stages = int(rows["classifier.stages"].iloc[0])
        return f"PreAct ResNet with GroupNorm of {stages} stages, {spelled(depths)} blocks each, width {spelled(widths)}"
    said = "LeNet-5" if kind == "lenet" else f"an MLP of {spelled(depths)} hidden layers of {spelled(widths)}"
    return f"{said} in place of {of_paper}"


def spelled(numbers: list[float]) -> str:
    return f"{numbers[0]:g}" + (f" to {numbers[-1]:g}" if len(numbers) > 1 else "")
