"""A made-up world in which the paper's effects hold, and the tables that its runs would leave: the real sweeps, made-up numbers."""

import numpy as np
import pandas as pd

from tests import made_up

LENGTH = 60  # steps of an episode
METHODS = {"ssr": 60.0, "mbop": 25.0, "guided": 40.0, "simulated": 80.0}


def table(name: str, scale: str, keep: float = 1.0) -> pd.DataFrame:
    """Of one figure: its own sweep expanded, every cell answered as its entry would; `keep` is the share of cells that were run."""
    rows = []
    for config, common in made_up.cells("dmpc", name, scale, keep):
        found = {"evaluate": evaluate, "error": error}[config.entry](config, made_up.noise(common["run_id"]))
        rows += [common | {"step": 1} | row for row in found]
    return pd.DataFrame(rows)


# -- entries ------------------------------------------------------------------------------------------------------------------------------
def reached(config) -> float:
    plan, model = config.plan, config.model
    found = METHODS[plan.kind]
    if plan.kind == "ssr":
        found += 5 * np.log2(plan.candidates) / np.log2(64) if plan.candidates > 1 else -15
        found -= {"multi_diffusion": 0, "single_diffusion": 12, "single_mlp": 20, "state_mlp": 20}[model.proposal]
        found -= 0 if model.dynamics == "multi_diffusion" or plan.candidates == 1 else 6
    found -= 10 / config.windows.horizon
    if config.env.defect_joint >= 0:
        found *= 0.5
        found += {"ssr": 10, "guided": -5}[plan.kind] if config.evaluate.adapted and not config.adapt.whole else 0
    return found - 2 if config.evaluate.distilled else found


def milliseconds(config) -> float:
    return 0.2 if config.evaluate.distilled else 5.0 if config.plan.candidates == 1 else 60.0


def evaluate(config, rng) -> list[dict]:
    count = config.evaluate.episodes
    starts = np.random.default_rng(config.evaluate.seed).normal(0, 5, count)  # what is owed to the start, whatever the method
    found = reached(config) + starts + rng.normal(0, 0.5, count)
    arrays = {"episode_scores": found, "returns": 40 * found, "lengths": np.full(count, LENGTH)}
    row = {"episodes": float(count), "return": 40 * found.mean(), "score": found.mean(), "score_d4rl": 0.9 * found.mean(), "failed": 0.2,
           "length": float(LENGTH), "plan_ms": milliseconds(config) * rng.normal(1, 0.02)}  # fmt: skip
    if config.plan.kind == "ssr" and config.plan.candidates > 1 and config.objective.kind == "return":
        row |= {"predicted": 210.0, "achieved": 200.0}
    if config.env.name in ("hopper", "walker2d"):
        wanted = config.objective
        middle = 1.2 if wanted.kind == "return" else wanted.target + (0.0 if wanted.kind == "height" else 0.05)
        heights = np.float32(middle + 0.01 * rng.normal(size=(count, LENGTH)))
        heights[0, LENGTH // 2 :] = np.nan
        arrays["heights"] = heights
        if wanted.kind != "return":
            row |= {"height_off": abs(middle - wanted.target), "height_reward": 4.0}
    return [row | {"arrays": arrays}]


def error(config, rng) -> list[dict]:
    """One row per step of the rollout."""
    rise = {"multi_diffusion": 0.02, "multi_mlp": 0.03}.get(config.model.dynamics, 0.06)
    return [
        {"step": step, "rmse": 0.05 + rise * step * rng.normal(1, 0.01), "median": 0.04 + rise * step, "still": 0.3 * step, "windows": 64.0}
        for step in range(1, config.windows.horizon + 1)
    ]
