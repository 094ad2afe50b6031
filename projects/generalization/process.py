"""An exact Gaussian process on many targets at once: one factorisation, any number of right-hand sides. Call it under enable_x64."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import cho_solve

from shared.errors import BadInput

LEAST, MOST = 1e-12, 1.0  # jitter that is tried on a kernel of unit diagonal
PAIRS = 2_000  # examples whose distances give the median


class Process(NamedTuple):
    """K + jitter I, factorised."""

    factor: jax.Array  # [n, n], lower triangle
    jitter: float


@jax.jit
def squares(a: jax.Array, b: jax.Array) -> jax.Array:
    """Squared distances between rows, [n, D], [m, D] -> [n, m]."""
    return jnp.maximum((a * a).sum(1)[:, None] + (b * b).sum(1) - 2 * a @ b.T, 0.0)


@jax.jit
def rbf(a: jax.Array, b: jax.Array, length: float) -> jax.Array:
    """exp(-|a - b|^2 / (2 length^2)), [n, m]."""
    return jnp.exp(squares(a, b) * (-0.5 / length**2))


def median_distance(x: np.ndarray) -> float:
    """Of the first PAIRS rows of x [n, D] from each other."""
    some = jnp.asarray(x[:PAIRS])
    found = np.asarray(squares(some, some))
    return float(np.median(np.sqrt(found[np.triu_indices(len(found), 1)])))


def factorise(kernel: jax.Array, jitter: float) -> Process:
    """The Cholesky factor of kernel + jitter I; ten times more jitter, and so on, while the sum is singular, which it says. Raises
    BadInput."""
    if not bool(jnp.isfinite(kernel).all()):
        raise BadInput("the kernel has values that are not finite: look at the inputs, and at gp.lengthscale")
    asked = jitter
    while True:
        factor = _cholesky(kernel, jitter)
        if bool(jnp.isfinite(factor[-1, -1])):
            break
        if jitter >= MOST:
            raise BadInput(f"the kernel is singular even with jitter {jitter:g}: it is no covariance")
        jitter = max(10 * jitter, LEAST)
    if jitter != asked:
        print(f"the kernel is singular with jitter {asked:g}: {jitter:g} was added instead", flush=True)
    return Process(factor, jitter)


@jax.jit
def _cholesky(kernel: jax.Array, jitter: float) -> jax.Array:
    return jnp.linalg.cholesky(kernel + jitter * jnp.eye(len(kernel)), symmetrize_input=False)


@jax.jit
def solve(process: Process, targets: jax.Array) -> jax.Array:
    """(K + s I)^-1 targets, [n, C]."""
    return cho_solve((process.factor, True), targets)


@jax.jit
def evidence(process: Process, targets: jax.Array, dual: jax.Array) -> jax.Array:
    """Log marginal likelihood per point and class [nats], of targets [n, C] under N(0, c (K + s I)) at the best c."""
    n, classes = targets.shape
    scale = (targets * dual).sum() / (n * classes)
    logdet = 2 * jnp.log(jnp.diagonal(process.factor)).sum()
    return -0.5 * (math.log(2 * math.pi) + 1 + jnp.log(scale) + logdet / n)
