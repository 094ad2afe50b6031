"""Reading tables of runs: rows by their fields, numbers with 95% intervals, fields in words.

A table has one row per run, or one per evaluation: config fields and measured numbers. What was not measured is NaN; nothing is filled in.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from shared.figures.published import Row
from shared.stats import Interval, mean_interval

UNKNOWN = Interval(math.nan, math.nan, math.nan, 0)


def finished(table: pd.DataFrame) -> pd.DataFrame:
    """Runs that were not broken off."""
    return table[table["state"] == "done"] if "state" in table else table


def groups(table: pd.DataFrame, field: str, order: Sequence[str] = ()) -> dict[Any, pd.DataFrame]:
    """Value of a config field -> its rows, in order: those of `order` first and as there."""
    if table.empty or field not in table:
        return {}
    found = dict(iter(table.groupby(field, sort=True)))
    return dict(sorted(found.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order)))


def where(table: pd.DataFrame, **fields: object) -> pd.DataFrame:
    """Rows in which these config fields, dots written as two underscores, have these values."""
    for field, value in fields.items():
        name = field.replace("__", ".")
        table = table[table[name] == value] if name in table else table.iloc[:0]
    return table


def values(rows: pd.DataFrame, column: str) -> np.ndarray:
    """The finite numbers of a column."""
    found = rows[column].to_numpy(float) if column in rows else np.empty(0)
    return found[np.isfinite(found)]


def mean(rows: pd.DataFrame, column: str, scale: float = 1.0) -> Interval:
    """Over runs, which differ in their seed."""
    found = values(rows, column)
    return mean_interval(found * scale) if len(found) else UNKNOWN


def slack(one: Interval, other: Interval) -> float:
    """How far two estimates may differ by chance: half the interval of their difference, 0 where there is none."""
    halves = [(each.high - each.low) / 2 for each in (one, other)]
    return math.hypot(*(half for half in halves if math.isfinite(half)))


def known(rows: list[Row]) -> list[Row]:
    """Without those in which nothing was measured."""
    return [line for line in rows if math.isfinite(line["ours"])]


def arrays(rows: pd.DataFrame) -> list[dict[str, np.ndarray]]:
    """What each run left besides numbers; nothing of runs that left none. Rows of one run carry the same."""
    if "arrays" not in rows:
        return []
    firsts = rows.drop_duplicates("run_id") if "run_id" in rows else rows
    return [found for found in firsts["arrays"] if isinstance(found, dict)]


def finite(intervals: Iterable[Interval]) -> bool:
    return all(math.isfinite(one.mean) for one in intervals)


def spelled(rows: pd.DataFrame, field: str) -> str:
    """The values of a config field: '64', '1,000 / 2,000', '0 to 2'."""
    found = sorted(set(rows[field].dropna())) if field in rows else []
    if len(found) > 2 and all(isinstance(one, (int, float, np.number)) for one in found):
        return f"{number(found[0])} to {number(found[-1])}"
    return " / ".join(map(number, found))


def number(value: object) -> str:
    return str(value) if isinstance(value, str) else f"{value:,}" if isinstance(value, (int, np.integer)) else f"{value:g}"


def remark(facts: Callable[[pd.DataFrame], str], rows: pd.DataFrame, *words: str) -> str:
    """The line below a figure: what a paper's `facts` say of the rows, and more; empty where nothing is drawn."""
    return f"{'. '.join((facts(rows), *words))}." if len(rows) else ""
