"""Reading tables: runs folded into cells, numbers with 95% intervals, and in words what the runs were made with.

A table has one row per run, or one per evaluation: config fields and measured numbers. What was not measured is NaN; nothing is filled in.
"""

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shared.figures import reading
from shared.figures.reading import UNKNOWN, arrays, finished, finite, known, mean, number, slack, spelled, values, where
from shared.stats import Interval, wilson

__all__ = [
    "CEILINGS", "ENVIRONMENTS", "FLOORS", "MODELS", "UNKNOWN", "arrays", "facts", "finished", "finite", "groups", "in_places", "inside",
    "known", "mean", "number", "of_pairs", "places", "players", "remark", "slack", "spelled", "success", "values", "where",
]  # fmt: skip

ENVIRONMENTS = {"tworoom": "TwoRoom", "pusht": "Push-T", "reacher": "Reacher", "cube": "Cube"}
MODELS = {"lewm": "LeWM", "pldm": "PLDM"}  # by loss.kind
ORDER = (*ENVIRONMENTS, *MODELS)
FLOORS, CEILINGS = ("random", "noop"), ("scripted", "replay")  # plan.policy of those without a model

# entry -> how many of what stand behind its numbers
COUNTED = {
    "plan": ("protocol.pairs", "pairs"),
    "probe": ("probe.frames", "frames probed"),
    "surprise": ("surprise.trajectories", "trajectories"),
    "imagine": ("imagine.steps", "steps of the decoder"),
}


def groups(table: pd.DataFrame, field: str) -> dict[Any, pd.DataFrame]:
    """Value of a config field -> its rows; environments and kinds of models in the order of the paper."""
    return reading.groups(table, field, ORDER)


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


remark = partial(reading.remark, facts)


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


