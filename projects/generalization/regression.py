"""Linear regression in closed form, for numpy and JAX arrays alike, over any leading axes. Both want float64: condition numbers square."""

from typing import Any, NamedTuple

import numpy as np

Array = Any  # of numpy or of jax.numpy


class Ridge(NamedTuple):
    """A generalised ridge regression."""

    weights: Array  # [..., p]
    freedom: Array  # [...] degrees of freedom, tr K (K + s I)^-1
    condition: Array  # [...] of K + s I


def ridge(phi: Array, y: Array, prior: Array, noise: float) -> Ridge:
    """The minimum of |y - phi w|^2 / (2 noise) + sum_j w_j^2 / (2 prior_j); phi [..., n, p], y [..., n], prior [p] variances.

    By the dual form w = D phi^T (phi D phi^T + s I)^-1 y: where penalties span many orders of magnitude, least squares on
    stacked rows cut off by a relative tolerance lose the directions that matter.
    """
    xp = phi.__array_namespace__()
    values, vectors = xp.linalg.eigh((phi * prior) @ phi.mT)  # [..., n]
    values = xp.maximum(values, 0.0)
    dual = (vectors @ ((vectors.mT @ y[..., None]) / (values + noise)[..., None]))[..., 0]
    weights = prior * (phi.mT @ dual[..., None])[..., 0]
    return Ridge(weights, (values / (values + noise)).sum(-1), (values[..., -1] + noise) / (values[..., 0] + noise))


class LeastNorm(NamedTuple):
    """Least squares; the smallest weights among equals."""

    weights: Array  # [..., p, C]
    squares: Array  # [..., min(n, p)] squared singular values of phi, ascending


def least_norm(phi: Array, y: Array) -> LeastNorm:
    """phi [..., n, p], y [..., n, C]. By the eigenvalues of the smaller Gram matrix; those within rounding of zero are left out."""
    xp = phi.__array_namespace__()
    n, p = phi.shape[-2:]
    values, vectors = xp.linalg.eigh(phi @ phi.mT if n < p else phi.mT @ phi)
    least = float(np.finfo(np.float64).eps) * max(n, p) * values[..., -1:]
    inverse = xp.where(values > least, 1 / xp.where(values > least, values, 1.0), 0.0)[..., None]
    solved = vectors @ (inverse * (vectors.mT @ (y if n < p else phi.mT @ y)))
    return LeastNorm(phi.mT @ solved if n < p else solved, xp.maximum(values, 0.0))
