"""A made-up world in which the paper's effects hold exactly, and the tables that its runs would leave."""

import importlib
import math

import pandas as pd

from configs.infinite_compute.base import parameters
from tests import made_up


def table(name: str, scale: str, keep: float = 1.0) -> pd.DataFrame:
    """The table of one figure: its own sweep expanded, every run answered by `single` or `members`."""
    by_step, rows = hasattr(importlib.import_module(f"configs.infinite_compute.{name}"), "ROWS"), []
    for config, common in made_up.cells("infinite_compute", name, scale, keep):
        rows += answers(config, common, by_step)
    return pd.DataFrame(rows)


def answers(config, common: dict, by_step: bool) -> list[dict]:
    n, d = parameters(config)["total"] / 1e6, config.data.tokens / 65_536
    noise = made_up.noise(common["run_id"]).normal(0, 0.003)
    if config.entry == "ensemble":
        return [
            {**common, "step": k, **outcome(members(config, n, d, k) + noise / math.sqrt(k))} for k in range(1, config.ensemble.members + 1)
        ]
    loss = single(config, n, d) + noise
    last = {**common, **outcome(loss), "train/loss": 4.2 - 0.25 * math.log2(config.train.epochs)}
    if not by_step:
        return [last]
    steps = config.train.steps
    slow = 1.2 if config.optim.weight_decay > 0.1 else 0.0
    shares = (0.25, 0.5, 0.75)
    early = [{**common, "step": int(steps * s), "val/loss": loss + 0.5 * (1 - s) + slow * (1 - s)} for s in shares]
    return [*early, {**last, "step": steps}]


def outcome(loss: float) -> dict:
    return {"val/loss": loss, "test/loss": loss + 0.01, "probe/accuracy": 0.95 - 0.15 * (loss - 2.5)}


def single(config, n: float, d: float) -> float:
    """One model: bias + variance + what synthetic text or a second domain change."""
    synthetic = config.synthetic.weight
    bias, variance = parts(config, n, d)
    if synthetic == 1.0:
        return bias + 1.2
    if synthetic:
        return bias + (0.16 if config.synthetic.members == 1 else 0.12) - 0.05 * synthetic
    start = -0.4 if config.start.data else 0.0
    return bias + variance + start + 0.004 * config.train.batch_size


def members(config, n: float, d: float, k: int) -> float:
    bias, variance = parts(config, n, d)
    kept = 0.9 if config.ensemble.vary != "both" else 0.95
    start = -0.4 if config.start.data else 0.0
    return bias + variance * (1 - kept) + variance * kept / k + start + 0.004 * config.train.batch_size


def parts(config, n: float, d: float) -> tuple[float, float]:
    """Weight decay buys variance with a little bias; many epochs cost variance; larger models have less bias and more variance."""
    exposure = config.optim.lr * config.optim.weight_decay * config.train.steps / 2
    bias = 2.0 + 0.9 / d**0.24 + 0.014 / n + 0.004 * exposure + 1.2 / config.train.epochs
    variance = 0.06 * config.train.epochs**0.9 * (1 + n) / (1 + 2 * exposure) ** 0.9 / d**0.2
    return bias, variance
