"""Effective dimension (MacKay), in both conventions, and of operators that are too large for their eigenvalues.

With eigenvalues of a Hessian, N_eff counts the directions that the data *determine*: of least squares it can only grow with the number
of features. What the notebook behind Figure 1(g) plots under the name of effective dimension is its complement, the directions
of the data that are left *undetermined*; that is what rises and falls with the test error.
"""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from shared.lanczos import Operator, Ritz, probed, trace

Array = Any  # of numpy or of jax.numpy

ALPHAS = (1e-3, 1e-2, 1e-1, 1.0)  # of the Hessian of a mean loss: what a network says of itself must not hang on one of them
CONVERGED = 0.01  # of a Ritz value: its residual, where it counts as an eigenvalue
STEPS, PROBES = 100, 10  # of Lanczos' method, and random starts of it


def determined(eigenvalues: Array, alpha: float) -> Array:
    """N_eff(A, alpha) = sum_i lambda_i / (lambda_i + alpha) = tr A (A + alpha I)^-1, over the last axis; eigenvalues >= 0, alpha > 0."""
    return (eigenvalues / (eigenvalues + alpha)).sum(-1)


def undetermined(eigenvalues: Array, alpha: float) -> Array:
    """The complement: sum_i alpha / (lambda_i + alpha), the number of eigenvalues less N_eff."""
    return (alpha / (eigenvalues + alpha)).sum(-1)


def of_operator(
    operator: Operator, size: int, seed: int, alphas: Sequence[float] = ALPHAS, steps: int = STEPS, probes: int = PROBES
) -> dict[str, float]:
    """N_eff of a symmetric operator on `size` numbers, negative eigenvalues counted as 0, in two ways that share their products:

    determined/ALPHA           of the Ritz values of the first start: never above N_eff, since none is above the eigenvalue of its rank
    determined/ALPHA/residual  by how much those of them may be off that have converged
    determined/ALPHA/trace     stochastic Lanczos quadrature: all D eigenvalues, with the chance of the probes
    determined/ALPHA/error     its standard error
    largest, least, converged  Ritz values, and how many of them have converged

    ALPHA as in 1e-03: alphas are at least a factor of two apart.
    """
    found = probed(operator, size, jax.random.key(seed), probes, steps)
    first = found[0]
    sure = first.bounds <= CONVERGED * np.maximum(first.values, 0)
    row = {"largest": float(first.values[-1]), "least": float(first.values[0]), "converged": int(sure.sum())}
    for alpha in alphas:
        name, some = f"determined/{alpha:.0e}", trace(found, size, lambda values: weight(values, alpha))  # noqa: B023
        row[name] = float(weight(first.values, alpha).sum())
        row[f"{name}/residual"] = residual(first, sure, alpha)
        row[f"{name}/trace"] = float(some.mean())
        row[f"{name}/error"] = float(some.std(ddof=1) / len(some) ** 0.5)
    return row


def weight(values: np.ndarray, alpha: float) -> np.ndarray:
    """What each eigenvalue adds to N_eff."""
    positive = np.maximum(values, 0)
    return positive / (positive + alpha)


def residual(one: Ritz, sure: np.ndarray, alpha: float) -> float:
    values, bounds = one.values[sure], one.bounds[sure]
    return float((weight(values + bounds, alpha) - weight(values, alpha)).sum())
