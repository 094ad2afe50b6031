"""Tables as figures of trained networks get them: the cells of their sweeps, with made-up numbers of the shape that the paper claims."""

import math

import numpy as np
import pandas as pd
from made_up import cells, noise

from projects.generalization.figures.width import ALPHAS

FIGURES = ("altered", "map", "modes", "volume", "widths")
PEAK = 4.5  # log2 of the width, or of width times depth, at which training labels are just fitted


def table(name: str, scale: str = "cpu", keep: float = 1.0) -> pd.DataFrame:
    made = cells("generalization", name, scale, keep)
    return pd.DataFrame([{**common, "step": 1, **numbers(name, config)} for config, common in made])


def numbers(name: str, config) -> dict:
    width, depth = config.classifier.width, config.classifier.depth
    jitter = 0.002 * noise(name, config.seed, width).normal()
    if name == "altered":
        share = config.train.altered
        return {"train/error": 0.001, "train/nll": 0.01, "test/error": 0.15 + 0.75 * share + jitter, "test/nll": 1 + share,
                "evidence/last": -0.3 - 2 * share + jitter, "evidence/diagonal": -2 - 6 * share + jitter}  # fmt: skip
    if name == "modes":
        return curves(config)
    if name == "volume":
        return basin(config)
    past = math.log2(width * depth / 2) - PEAK
    fitted, hump = 1 / (1 + math.exp(-4 * past)), math.exp(-((past - 0.7) ** 2))
    return {
        "parameters": width**2 * depth,
        "train/error": 0.6 * (1 - fitted), "train/nll": 2 * (1 - fitted) + 0.001, "test/error": 0.4 - 0.02 * past + 0.2 * hump + jitter,
        "test/nll": 1 + 4 * hump - 0.02 * past + jitter,
        **{f"determined/{alpha}/trace": (50 + 500 * hump - 5 * past) / float(alpha) ** 0.3 for alpha in ALPHAS},
    }  # fmt: skip


def curves(config) -> dict:
    t = np.linspace(0, 1, config.modes.points)
    hill = np.sin(np.pi * t)
    rows = {"curve/train/nll": 0.01 + 0.03 * hill, "line/train/nll": 0.01 + hill, "curve/test/error": 0.15 + 0.01 * hill,
            "line/test/error": 0.15 + 0.4 * hill}  # fmt: skip
    worst = {key: float(row.max()) for key, row in rows.items()}
    return {**worst, "ends/train/nll": 0.01, "ends/test/error": 0.15, "arrays": {"t": t, **rows}}


def basin(config) -> dict:
    good = not config.spirals.beta
    ln, radius, side = (-4_000 if good else -18_000) - 100 * config.seed, 0.03 if good else 1e-3, np.linspace(-17, 17, 9)
    points = {"x": np.ones((6, 2)), "labels": np.arange(6) % 2}
    arrays = {"radii": radius * np.linspace(0.5, 1.5, 20), "grid": side, "answers": np.eye(9), **points}
    return {
        "parameters": 3_646, "volume/ln": ln, "volume/ln/low": ln - 500, "volume/ln/high": ln + 1, "volume/largest": 1.0,
        "radius/median": radius, "train/error": 0.0, "test/error": 0.01 if good else 0.6 + 0.01 * config.seed, "arrays": arrays,
    }  # fmt: skip
