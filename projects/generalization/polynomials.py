"""Polynomials of high order with a penalty that grows with the order (Figure 1 a-c, and the study of orders). float64 throughout."""

from itertools import product
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from projects.generalization.middle import middle
from projects.generalization.regression import ridge
from projects.generalization.targets import BASES, TARGETS
from shared.run import Run

GRID = 401  # places at which a fit is compared with its target


def run(config: ConfigDict, run: Run) -> dict[str, Any]:
    """One row per growth of the penalty, noise of the likelihood, and number of points: medians over data sets. Leaves the curves of the
    first data set in tables/arrays.npz."""
    run.restore(None)  # it has no checkpoints: a second attempt begins anew
    settings = config.polynomial
    grid = np.linspace(settings.low, settings.high, GRID)
    data = {n: draw(settings, config.seed, n) for n in settings.points}
    arrays, curves = {"grid": np.float32(grid)}, []
    row: dict[str, float] = {}
    for step, (growth, noise, n) in enumerate(product(settings.growths, settings.noises, settings.points)):
        x, y = data[n]
        fitted, seen, numbers = fit(settings, x, y, grid, growth, noise)
        row = {"growth": growth, "noise": noise, "points": n, **numbers, **errors(settings, x, y, grid, fitted, seen)}
        run.log(step, row)
        curves.append(fitted[0])
        arrays |= {f"x_{n}": np.float32(x[0]), f"y_{n}": np.float32(y[0])}
    run.step = step + 1
    np.savez_compressed(run.table(0, "arrays.npz"), curves=np.float32(curves), **arrays)
    return row


def draw(settings: ConfigDict, seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """x and y [draws, n]; noise of y in standard deviations of the target over the range."""
    rng = np.random.default_rng((seed, n))
    x = rng.uniform(settings.low, settings.high, (settings.draws, n))
    noise = rng.standard_normal(x.shape)
    if settings.target == "noise":
        return x, noise
    return x, TARGETS[settings.target](x) + settings.scatter * spread(settings) * noise


def spread(settings: ConfigDict) -> float:
    """Standard deviation of the target over the range; 1 for pure noise."""
    return 1.0 if settings.target == "noise" else float(TARGETS[settings.target](np.linspace(settings.low, settings.high, GRID)).std())


def fit(settings: ConfigDict, x: np.ndarray, y: np.ndarray, grid: np.ndarray, growth: float, noise: float):
    """Predictions on the grid [draws, G] and at the points [draws, n], and what the fit says of itself."""
    basis = BASES[settings.basis]
    phi, across = (basis(scaled(settings, places), settings.degree) for places in (x, grid))
    if settings.penalty:
        found = ridge(phi, y, 1 / (2 * settings.penalty * growth ** np.arange(settings.degree + 1.0)), noise**2)
        weights, numbers = found.weights, middle("freedom", found.freedom) | middle("condition", found.condition)
    else:
        weights, numbers = (np.linalg.pinv(phi, rcond=np.finfo(float).eps * max(phi.shape[-2:])) @ y[..., None])[..., 0], {}
    return weights @ across.T, (phi @ weights[..., None])[..., 0], numbers


def scaled(settings: ConfigDict, x: np.ndarray) -> np.ndarray:
    """The range to [-1, 1]."""
    return (2 * x - settings.low - settings.high) / (settings.high - settings.low)


def errors(settings: ConfigDict, x: np.ndarray, y: np.ndarray, grid: np.ndarray, fitted: np.ndarray, seen: np.ndarray) -> dict[str, float]:
    """Root mean squared errors: at the points, over the whole range, and between the outermost points; relative to the target's spread."""
    unit = spread(settings)
    found = middle("train", root((seen - y) ** 2) / (unit if settings.target != "noise" else y.std(-1)))
    if settings.target == "noise":
        return found  # nothing is true elsewhere
    off = (fitted - TARGETS[settings.target](grid)) ** 2  # [draws, G]
    hull = (grid >= x.min(-1, keepdims=True)) & (grid <= x.max(-1, keepdims=True))
    inside = np.sqrt((off * hull).sum(-1) / hull.sum(-1))
    return found | middle("test", root(off) / unit) | middle("inside", inside / unit)


def root(squares: np.ndarray) -> np.ndarray:
    return np.sqrt(squares.mean(-1))
