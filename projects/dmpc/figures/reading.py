"""Reading tables: runs by method, scores with 95% intervals, and in words what the runs were made with."""

from functools import partial

import numpy as np
import pandas as pd

from shared.figures import reading
from shared.figures.reading import UNKNOWN, arrays, finished, known, mean, number, spelled, values, where
from shared.stats import Interval, mean_interval, paired_interval

__all__ = [
    "ENVIRONMENTS", "METHODS", "MIXED", "UNKNOWN", "arrays", "better", "by_training", "episodes", "facts", "finished", "groups", "known",
    "mean", "methods", "number", "place", "remark", "score", "sets", "singles", "spelled", "values", "where",
]  # fmt: skip

ENVIRONMENTS = {"halfcheetah": "HalfCheetah", "hopper": "Hopper", "walker2d": "Walker2d", "ring": "Ring"}
MIXED = "medium-replay"  # data of many actors: there is something to choose from
SETS = ("medium", "medium-replay", "expert", "random")
METHODS = {
    "dmpc": "D-MPC", "policy": "diffusion policy (N = 1)", "cloning": "behaviour cloning", "mbop": "MBOP", "guided": "joint model, guided",
    "student": "MLP distilled from D-MPC", "simulated": "D-MPC, the simulator for dynamics",
}  # fmt: skip
DYNAMICS = ("multi_diffusion", "multi_mlp", "autoregressive", "single_diffusion", "single_mlp")
ORDER = (*ENVIRONMENTS, *SETS, *DYNAMICS)
INTERVALS = "Intervals: Student's t over trainings where there are several, else over episodes; differences in pairs of episodes"


def groups(table: pd.DataFrame, field: str) -> dict[object, pd.DataFrame]:
    """Value of a config field -> its rows; environments, sets and models in the order that figures show them in."""
    return reading.groups(table, field, ORDER)


def methods(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """A name of METHODS -> its runs, those that there are."""
    if rows.empty or "plan.kind" not in rows:
        return {}
    taught = rows["evaluate.distilled"]
    sampled = (rows["plan.kind"] == "ssr") & ~taught
    ranked, mlp = rows["plan.candidates"] > 1, rows["model.proposal"] == "single_mlp"
    chosen = {
        "dmpc": sampled & ranked, "policy": sampled & ~ranked & ~mlp, "cloning": sampled & ~ranked & mlp,
        "mbop": (rows["plan.kind"] == "mbop") & ~taught, "guided": (rows["plan.kind"] == "guided") & ~taught, "student": taught,
        "simulated": (rows["plan.kind"] == "simulated") & ~taught,
    }  # fmt: skip
    return {name: rows[these] for name, these in chosen.items() if these.any()}


def sets(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """'HalfCheetah medium' -> its rows."""
    return {
        f"{ENVIRONMENTS.get(world, world)} {name}": ones
        for world, ours in groups(rows, "env.name").items()
        for name, ones in groups(ours, "collect.set").items()
    }


def episodes(rows: pd.DataFrame) -> dict[object, np.ndarray]:
    """Seed of the training -> the scores of its episodes [E], of runs that left them."""
    if "arrays" not in rows or "seed" not in rows:
        return {}
    pairs = zip(rows["seed"], rows["arrays"], strict=True)
    return {seed: found["episode_scores"] for seed, found in pairs if isinstance(found, dict) and "episode_scores" in found}


def score(rows: pd.DataFrame) -> Interval:
    """[%] Over trainings with Student's t where there are several, else over the episodes of the one."""
    means, ones = values(rows, "score"), list(episodes(rows).values())
    if len(means) == 1 and len(ones) == 1:
        return mean_interval(ones[0])
    return mean(rows, "score")


def singles(rows: pd.DataFrame) -> list[float]:
    """[%] The scores of single trainings, where there are several: the dots of a bar."""
    return list(values(rows, "score")) if len(rows) > 1 else []


def better(ours: pd.DataFrame, theirs: pd.DataFrame) -> Interval:
    """[points] By how much our score is above theirs: pairs of episodes with the same start and the same seed of the training."""
    one, other = episodes(ours), episodes(theirs)
    shared = [seed for seed in one if seed in other]
    if not shared:
        return UNKNOWN
    return paired_interval(*(np.concatenate([found[seed] for seed in shared]) for found in (one, other)))


def by_training(ours: pd.DataFrame, theirs: pd.DataFrame) -> list[float]:
    """[points] The same for each training that both have."""
    one, other = episodes(ours), episodes(theirs)
    return [float(np.mean(one[seed] - other[seed])) for seed in one if seed in other]


# -- in words -----------------------------------------------------------------------------------------------------------------------------
def facts(rows: pd.DataFrame) -> str:
    """What a scaled-down number must say of itself: the data, the models, the training, seeds, and how much judged it."""
    if rows.empty:
        return ""
    where_from = f"{spelled(rows, 'collect.set')}, {spelled(rows, 'env.version')}"
    parts = [f"{spelled(rows, 'collect.transitions')} transitions of our own ({where_from})"]
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
