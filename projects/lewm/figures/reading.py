"""Reading tables: runs folded into cells, numbers with 95% intervals, and in words what the runs were made with.

A table has one row per run, or one per evaluation: config fields and measured numbers. What was not measured is NaN; nothing is filled in.
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shared.figures.published import Row
from shared.stats import Interval, mean_interval, wilson

UNKNOWN = Interval(math.nan, math.nan, math.nan, 0)
ENVIRONMENTS = {"tworoom": "TwoRoom", "pusht": "Push-T", "reacher": "Reacher", "cube": "Cube"}
MODELS = {"lewm": "LeWM", "pldm": "PLDM"}  # by loss.kind
FLOORS, CEILINGS = ("random", "noop"), ("scripted", "replay")  # plan.policy of those without a model

# entry -> how many of what stand behind its numbers
COUNTED = {
    "plan": ("protocol.pairs", "pairs"),
    "probe": ("probe.frames", "frames probed"),
    "surprise": ("surprise.trajectories", "trajectories"),
    "imagine": ("imagine.steps", "steps of the decoder"),
}


def finished(table: pd.DataFrame) -> pd.DataFrame:
    """Runs that were not broken off."""
    return table[table["state"] == "done"] if "state" in table else table


def groups(table: pd.DataFrame, field: str) -> dict[Any, pd.DataFrame]:
    """Value of a config field -> its rows, in order; environments and kinds of models in the order of the paper."""
    if table.empty or field not in table:
        return {}
    order = [*ENVIRONMENTS, *MODELS]
    found = dict(iter(table.groupby(field, sort=True)))
    return dict(sorted(found.items(), key=lambda item: order.index(item[0]) if item[0] in order else 0))


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


def success(rows: pd.DataFrame) -> Interval:
    """[%] Over seeds with Student's t where several were trained, else Wilson's over the pairs of the one run."""
    shares, pairs = values(rows, "success"), values(rows, "pairs")
    if len(shares) != 1 or not len(pairs):
        return mean(rows, "success", 100.0)
    one = wilson(round(shares[0] * pairs[0]), int(pairs[0]))
    return Interval(100 * one.mean, 100 * one.low, 100 * one.high, one.n)


def of_pairs(rows: pd.DataFrame, column: str, scale: float = 1.0) -> Interval:
    """A property of the pairs, which all runs of one protocol share."""
    found = values(rows, column)
    return Interval(scale * float(np.median(found)), math.nan, math.nan, 1) if len(found) else UNKNOWN


def inside(rows: pd.DataFrame) -> Interval:
    """[%] The share of pairs whose start counts as the goal."""
    return of_pairs(rows, "start_inside", 100.0)


def players(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """lewm, pldm and the policies without a model -> their runs."""
    models, policies = groups(where(rows, plan__policy="model"), "loss.kind"), groups(rows, "plan.policy")
    return models | {policy: policies[policy] for policy in (*FLOORS, *CEILINGS) if policy in policies}


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


# -- in words -------------------------------------------------------------------------------------------------------------
def facts(rows: pd.DataFrame) -> str:
    """What a scaled-down number must say of itself: the images, D, the data, the training, seeds, and how much judged it."""
    trained = rows[rows["plan.policy"] == "model"] if "plan.policy" in rows and "plan" in spelled(rows, "entry") else rows
    parts = [f"{spelled(trained, 'images.size')} px, D = {spelled(trained, 'latent.width')}", data(rows)]
    parts.append(f"{spelled(trained, 'train.steps')} steps of {spelled(trained, 'train.batch_size')} clips")
    if trained.empty or "images.size" not in rows:
        parts = [data(rows)]
    parts.append(f"seed{'s' if rows['seed'].nunique() > 1 else ''} {spelled(rows, 'seed')}" if "seed" in rows else "")
    for entry, (field, words) in COUNTED.items():
        if entry in spelled(rows, "entry").split(" / "):
            parts.append(f"{spelled(rows, field)} {words}")
    return ", ".join(filter(None, parts))


def remark(rows: pd.DataFrame, *words: str) -> str:
    """The line below a figure; empty where nothing is drawn."""
    return f"{'. '.join((facts(rows), *words))}." if len(rows) else ""


def data(rows: pd.DataFrame) -> str:
    """Whose episodes."""
    if rows.empty or "collect.file" not in rows:
        return ""
    files = sorted({Path(name).name for name in rows["collect.file"] if name})
    own = rows[rows["collect.file"] == ""]
    words = [f"{spelled(own, 'collect.episodes')} episodes of our own ({spelled(own, 'collect.policy')})"] if len(own) else []
    return " and ".join(words + files)


def places(rows: pd.DataFrame) -> str:
    """The environments, by their names."""
    return " / ".join(ENVIRONMENTS.get(name, str(name)) for name in groups(rows, "env.name"))


def in_places(rows: pd.DataFrame) -> str:
    return f", {places(rows)}" if len(rows) else ""


def spelled(rows: pd.DataFrame, field: str) -> str:
    """The values of a config field: '64', '1,000 / 2,000', '0 to 2'."""
    found = sorted(set(rows[field].dropna())) if field in rows else []
    if len(found) > 2 and all(isinstance(one, (int, float, np.number)) for one in found):
        return f"{number(found[0])} to {number(found[-1])}"
    return " / ".join(map(number, found))


def number(value: object) -> str:
    return str(value) if isinstance(value, str) else f"{value:,}" if isinstance(value, (int, np.integer)) else f"{value:g}"


def finite(intervals: Iterable[Interval]) -> bool:
    return all(math.isfinite(one.mean) for one in intervals)
