"""Reading tables: runs by method, scores with 95% intervals, and in words what the runs were made with."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd

from shared.figures import reading
from shared.figures.reading import UNKNOWN, arrays, finished, known, mean, number, spelled, values, where
from shared.stats import Interval, mean_interval

__all__ = [
    "ENVIRONMENTS", "METHODS", "MIXED", "UNKNOWN", "arrays", "better", "episodes", "facts", "finished", "groups", "known", "mean",
    "methods", "number", "over", "place", "remark", "score", "sets", "singles", "spelled", "values", "where",
]  # fmt: skip

ENVIRONMENTS = {"halfcheetah": "HalfCheetah", "hopper": "Hopper", "walker2d": "Walker2d", "ring": "Ring"}
MIXED = "medium-replay"  # data of many actors: there is something to choose from
SETS = ("medium", "medium-replay", "expert", "random")
METHODS = {
    "dmpc": "D-MPC", "policy": "diffusion policy (N = 1)", "cloning": "behaviour cloning",
    "copying": "cloning, last action seen", "mbop": "MBOP", "guided": "joint model, guided",
    "student": "MLP distilled from D-MPC", "simulated": "D-MPC, the simulator for dynamics",
}  # fmt: skip
DIFFUSION = ("multi_diffusion", "single_diffusion")
DYNAMICS = ("multi_diffusion", "multi_mlp", "autoregressive", "single_diffusion", "single_mlp")
ORDER = (*ENVIRONMENTS, *SETS, *DYNAMICS)
INTERVALS = "Intervals: Student's t over trainings where there are several, else over episodes"
PAIRED = f"{INTERVALS}; differences in pairs of episodes with the same start"


def groups(table: pd.DataFrame, field: str) -> dict[object, pd.DataFrame]:
    """Value of a config field -> its rows; environments, sets and models in the order that figures show them in."""
    return reading.groups(table, field, ORDER)


def methods(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """A name of METHODS -> its runs, those that there are."""
    if rows.empty or "plan.kind" not in rows:
        return {}
    taught, model = rows["evaluate.distilled"], rows["model.proposal"]
    mbop, guided, simulated, sampled = ((rows["plan.kind"] == kind) & ~taught for kind in ("mbop", "guided", "simulated", "ssr"))
    ranked, acts = sampled & (rows["plan.candidates"] > 1), sampled & (rows["plan.candidates"] == 1)
    chosen = {
        "dmpc": ranked, "policy": acts & model.isin(DIFFUSION), "cloning": acts & (model == "state_mlp"),
        "copying": acts & (model == "single_mlp"), "mbop": mbop, "guided": guided, "student": taught, "simulated": simulated,
    }  # fmt: skip
    return {name: rows[these] for name, these in chosen.items() if these.any()}


def sets(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """'HalfCheetah medium' -> its rows."""
    return {
        f"{ENVIRONMENTS.get(world, world)} {name}": ones
        for world, ours in groups(rows, "env.name").items()
        for name, ones in groups(ours, "collect.set").items()
    }


Training = tuple[object, ...]  # environment, data set and seed


def episodes(rows: pd.DataFrame, name: str = "episode_scores") -> dict[Training, np.ndarray]:
    """Training -> what its runs left of their episodes [E, ...], those that did."""
    if "arrays" not in rows or "seed" not in rows:
        return {}
    which = zip(*(rows[field] for field in ("env.name", "collect.set", "seed") if field in rows), strict=True)
    found = zip(which, rows["arrays"], strict=True)
    return {training: left[name] for training, left in found if isinstance(left, dict) and name in left}


def over(found: Mapping[Training, np.ndarray]) -> Interval:
    """Of numbers [E] of the episodes of each training: Student's t over the means of trainings where there are several, since the episodes
    of one owe their models to each other; else over the episodes of the one."""
    means = [float(np.mean(ones)) for ones in found.values()]
    return mean_interval(means) if len(means) != 1 else mean_interval(*found.values())


def score(rows: pd.DataFrame) -> Interval:
    """[%]"""
    scores = episodes(rows)
    return over(scores) if len(scores) == len(values(rows, "score")) else mean(rows, "score")


def singles(rows: pd.DataFrame) -> list[float]:
    """[%] The scores of single trainings, where there are several: the dots of a bar."""
    return list(values(rows, "score")) if len(rows) > 1 else []


def better(ours: pd.DataFrame, theirs: pd.DataFrame) -> Interval:
    """[points] By how much our score is above theirs, in pairs of episodes with the same start and the same training."""
    one, other = episodes(ours), episodes(theirs)
    return over({training: one[training] - other[training] for training in one if training in other})


# -- in words -----------------------------------------------------------------------------------------------------------------------------
def facts(rows: pd.DataFrame) -> str:
    """What a scaled-down number must say of itself: the data, the models, the training, seeds, and how much judged it."""
    if rows.empty:
        return ""
    where_from = f"{spelled(rows, 'collect.set')}, {spelled(rows, 'env.version')}"
    worlds = " / ".join(ENVIRONMENTS.get(name, name) for name in groups(rows, "env.name"))
    parts = [worlds, f"{spelled(rows, 'collect.transitions')} transitions of our own ({where_from})"]
    parts.append(f"F = {spelled(rows, 'windows.horizon')}, width {spelled(rows, 'model.width')}")
    parts.append(f"{spelled(rows, 'train.steps')} steps of {spelled(rows, 'train.batch_size')} windows")
    parts.append(f"seed{'s' if rows['seed'].nunique() > 1 else ''} {spelled(rows, 'seed')}" if "seed" in rows else "")
    judged = {"evaluate": ("evaluate.episodes", "episodes each"), "error": ("error.windows", "windows at most")}
    for entry, (field, words) in judged.items():
        if entry in spelled(rows, "entry").split(" / "):
            parts.append(f"{spelled(rows, field)} {words}")
    return ", ".join(filter(None, parts))


remark = partial(reading.remark, facts)


def place(rows: pd.DataFrame) -> str:
    """', HalfCheetah medium-replay' for a title."""
    return f", {' and '.join(sets(rows))}" if len(rows) else ""
