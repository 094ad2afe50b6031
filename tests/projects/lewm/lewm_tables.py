"""A made-up world in which the paper's effects hold, and the tables that its runs would leave: the real sweeps, made-up numbers."""

import importlib

import numpy as np
import pandas as pd

from tests import made_up

EVENT, FRAMES, SIDE = 10, 20, 8  # of a trajectory; pixels of a picture
QUANTITIES = {
    "tworoom": {"agent_location": 2},
    "pusht": {"agent_location": 2, "block_location": 2, "block_angle": 2},
    "reacher": {"joint_angles": 4, "joint_velocities": 2, "finger_position": 2},
    "cube": {
        "joint_position": 6, "joint_velocity": 6, "end-effector_position": 3, "end-effector_yaw": 2, "gripper": 1, "block_position": 3,
        "block_quaternion": 4, "block_yaw": 2,
    },
}  # fmt: skip
STATES = {"tworoom": 2, "pusht": 7, "reacher": 4, "cube": 21}
POLICIES = {"random": 0.24, "noop": 0.10, "scripted": 0.9, "replay": 1.0}
CEILING = {"tworoom": 0.95, "pusht": 0.3, "reacher": 0.7, "cube": 0.5}
SOLVERS = {"cem": 1.0, "icem": 1.0, "mppi": 0.95, "adam": 0.85, "rmsprop": 0.7, "sgd": 0.3}


def table(name: str, scale: str, keep: float = 1.0) -> pd.DataFrame:
    """Of one figure: its own sweep expanded, every cell answered as its entry would; `keep` is the share of cells that were run."""
    by_step, rows = hasattr(importlib.import_module(f"configs.lewm.{name}"), "ROWS"), []
    entries = {"plan": plan, "probe": probe, "surprise": surprise, "train": train, "imagine": imagine}
    for config, common in made_up.cells("lewm", name, scale, keep):
        found = entries[config.entry](config, made_up.noise(common["run_id"]))
        rows += [common | {"step": 1} | row for row in (found if by_step else found[-1:])]
    return pd.DataFrame(rows)


# -- entries --------------------------------------------------------------------------------------------------------------
def share(config) -> float:
    """Of goals that are reached."""
    world, chosen = config.env.name, config.plan.policy
    if chosen != "model":
        easy = chosen in ("replay", "scripted")
        return POLICIES[chosen] * (1 if easy or config.protocol.offset == 25 else 0.2) * (1 if easy or world == "tworoom" else 0.1)
    found = CEILING[world] * SOLVERS[config.plan.solver]
    found *= 0.9 if config.loss.kind == "pldm" else 1.0
    found *= {0.0: 0.3, 0.5: 0.5}.get(config.loss.sigreg, 1.0)
    found *= min(1.0, 0.5 + config.latent.width / (24 if config.scale == "cpu" else 384))
    found *= 0.6 if config.predictor.dropout == 0.5 else 1.0
    found *= 0.9 if config.loss.reconstruction else 1.0
    return found * (0.4 if config.protocol.offset != 25 else 1)


def plan(config, rng) -> list[dict]:
    pairs, budget = config.protocol.pairs, config.protocol.budget
    won = rng.random(pairs) < share(config)
    states = np.full((min(pairs, 8), budget + 1, STATES[config.env.name]), np.nan, np.float32)
    lasts = 25 if pairs > 2 else budget
    states[:, : lasts + 1] = 60 + 0.8 * np.cumsum(rng.normal(1, 1, (len(states), lasts + 1, states.shape[2])), 1)
    goals = states[:, lasts] + np.where(won[: len(states), None], 5, 40)
    arrays = {"success": won, "start_inside": rng.random(pairs) < 0.09, "states": states, "goals": goals}
    row = {"success": float(won.mean()), "start_inside": 0.09, "pairs": float(pairs), "arrays": arrays}
    row |= {"distance/agent_location": 12.0, "apart/agent_location": 41.0}
    if config.plan.policy == "model":
        row["plan_ms"] = 40.0 * (30 if config.latent.tokens == "patches" else 1) * rng.normal(1, 0.02)
    return [row]


def probe(config, rng) -> list[dict]:
    collapsed, pldm = config.loss.sigreg == 0 and config.loss.kind == "lewm", config.loss.kind == "pldm"
    row = {"latent/std": 0.01 if collapsed else 0.95, "latent/rank": 14.0 if collapsed else 9.0, "latent/straightness": 0.3}
    row["latent/sigreg"] = 0.402 * config.train.batch_size if collapsed else 1.4
    hard = {"block_angle": 20, "joint_velocities": 100, "joint_velocity": 100}
    for quantity in QUANTITIES[config.env.name]:
        for kind, error in (("linear", 0.02), ("mlp", 0.002)):
            error = min(1.0, error * hard.get(quantity, 1) * (1.5 if pldm else 1.0) * (40 if collapsed else 1) * abs(rng.normal(1, 0.05)))
            row |= {f"probe/{quantity}/{kind}/mse": error, f"probe/{quantity}/{kind}/mse_std": 2 * error}
            row[f"probe/{quantity}/{kind}/r"] = float(np.sqrt(1 - min(error, 1)))
    if config.probe.embed:
        count = config.probe.embed
        arrays = {f"quantity_{name}": rng.random((count, d)).astype(np.float32) for name, d in QUANTITIES[config.env.name].items()}
        arrays["plane"] = np.concatenate([a[:, :2] for a in arrays.values()], 1)[:, -2:] + 0.03 * rng.normal(size=(count, 2))
        row |= {"neighbours/latent": 0.6, "neighbours/plane": 0.5, "neighbours/chance": 10 / count, "arrays": arrays}
    return [row]


def surprise(config, rng) -> list[dict]:
    rise = {"normal": 1.0, "visual": 4.0, "teleport": 60.0}
    arrays, row = {}, {"surprise/normal": 0.02, "alarms/normal": 0.01}
    lines = []
    for version, times in rise.items():
        one = 0.02 * rng.lognormal(0, 0.3, (50, FRAMES - 1))
        one[:, EVENT - 1] *= times
        one[:, EVENT : EVENT + 3] *= times**0.3
        arrays |= {f"{version}_mean": one.mean(0), f"{version}_quantiles": np.quantile(one, (0.1, 0.5, 0.9), 0)}
        lines.append(one[0])
        if times > 1:
            row |= {f"surprise/{version}": 0.02 * times, f"detected/{version}": 0.97 if times > 9 else 0.3}
            row |= {f"{prefix}ratio/{version}": times for prefix in ("", "peak_")}
            row |= {f"{prefix}p/{version}": 1e-3 / times for prefix in ("", "peak_")}
            row |= {f"auroc/{version}": 0.99, f"alarms/{version}": 0.99}
    frames = np.stack([pictures(config.env.name, 6, index) for index in range(3)])
    return [row | {"arrays": arrays | {"example_surprises": np.stack(lines), "example_frames": frames}}]


def train(config, rng) -> list[dict]:
    """One row per evaluation."""
    rows, pldm = [], config.loss.kind == "pldm"
    for part in range(1, config.evaluation.times + 1):
        done = part / config.evaluation.times
        noise = rng.normal(1, 0.02)
        row = {
            "step": round(done * config.train.steps), "val/prediction": 0.3 * (1.1 - done) * noise, "val/still": 0.5 * noise,
            "val/sigreg": 1.3 + 4 * np.exp(-9 * done), "val/straightness": (0.2 if pldm else 0.5) * done * noise - 0.2,
            "latent/std": 0.95, "latent/rank": 9.0,
        }  # fmt: skip
        terms = ("prediction", "variance", "covariance", "time_similarity", "time_variance", "time_covariance", "inverse")
        rows.append(row | {f"train/{term}": 0.3 * (1.2 - done) * noise for term in (terms if pldm else ("prediction", "sigreg"))})
    return rows


def imagine(config, rng) -> list[dict]:
    count = 3 + 8
    strips = {name: np.stack([pictures(config.env.name, count, index) for index in range(2)]) for name in ("real", "decoded", "imagined")}
    arrays = strips | {"steps": np.r_[-2:1, 1:17:2]}
    error = 0.02 * (config.train.schedule_steps / config.train.steps) ** 0.5
    rows = [
        {
            "horizon": step, "imagine/latent": 0.02 * step, "imagine/latent_still": 0.06 * step, "imagine/pixel": 0.001 * step,
            "imagine/pixel_still": 0.003 * step, "imagine/pixel_decoded": 0.001, "arrays": arrays,
        }
        for step in range(1, 16)
    ]  # fmt: skip
    rows[-1] |= {"val/reconstruction": error}
    return rows


def pictures(world: str, count: int, seed: int) -> np.ndarray:
    """uint8 [count, SIDE, SIDE, 3]: a dot that walks."""
    frames = np.full((count, SIDE, SIDE, 3), 235, np.uint8)
    for step, frame in enumerate(frames):
        frame[(step + seed) % SIDE, step % SIDE] = (200, 60, 40)
    return frames
