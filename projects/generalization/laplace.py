"""The log marginal likelihood of a trained network by Laplace's method (section 2.6; MacKay, 1992; Wilson and Izmailov, 2020).

    ln p(D) = ln p(D | w) + ln p(w) + D/2 ln 2 pi - 1/2 ln det(H + I / s^2),   ln p(w) = -|w|^2 / (2 s^2) - D/2 ln 2 pi s^2
            = ln p(D | w) - |w|^2 / (2 s^2) - 1/2 sum_i ln(1 + s^2 h_i)

H is the generalised Gauss-Newton matrix of the negative log likelihood of all n points, a sum and no mean; h_i are its eigenvalues. Its
root has a few rows per point, those of the outputs' own curvature sent back through the network: the square of a batch's mean gradient
is another, much smaller number.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from shared.errors import BadInput

Tree = Any
Outputs = Callable[[Tree, jax.Array], jax.Array]  # params, one input -> z [C]
Root = Callable[[jax.Array], jax.Array]  # z [C] -> L [C, K]: L L' is the Hessian of a point's negative log likelihood in z

VARIANCES = tuple(10.0 ** (k / 4) for k in range(-24, 9))  # s^2 of the prior, from 1e-6 to 1e2
AT_ONCE = 100  # points whose rows are held


def softmax(z: jax.Array) -> jax.Array:
    """The root of diag(p) - p p', p = softmax(z): a point's label does not enter."""
    p = jax.nn.softmax(z)
    return jnp.diag(jnp.sqrt(p)) - jnp.outer(p, jnp.sqrt(p))


def diagonal(outputs: Outputs, root: Root, params: Tree, inputs: np.ndarray) -> np.ndarray:
    """The diagonal of H in place of its eigenvalues, float64 [D]: all parameters, as if they did not know of each other."""
    summed = jax.jit(lambda params, x: (rows(outputs, root, params, x) ** 2).sum(0))
    return sum(np.asarray(summed(params, part), np.float64) for part in parts(inputs))


def whole(outputs: Outputs, root: Root, params: Tree, inputs: np.ndarray) -> np.ndarray:
    """The eigenvalues of H, float64 [D], D^2 numbers in between: for the parameters of a last layer."""
    found, square = jax.jit(lambda params, x: rows(outputs, root, params, x)), 0.0
    for part in parts(inputs):
        some = found(params, part)
        with jax.enable_x64(True):  # here only: eigenvalues of no weight must not drown in the rounding of the large ones
            square = square + gram(some)
    with jax.enable_x64(True):
        return np.maximum(np.asarray(jnp.linalg.eigvalsh(square)), 0.0)


@jax.jit
def gram(some: jax.Array) -> jax.Array:
    wide = some.astype(jnp.float64)
    return wide.T @ wide


def parts(inputs: np.ndarray) -> Iterator[np.ndarray]:
    return (inputs[start : start + AT_ONCE] for start in range(0, len(inputs), AT_ONCE))


def rows(outputs: Outputs, root: Root, params: Tree, x: jax.Array) -> jax.Array:
    """The root of H [B K, D] for inputs [B, ...]: H is the sum of the rows' outer products."""
    flat, shaped = ravel_pytree(params)

    def of_point(one: jax.Array) -> jax.Array:
        z, back = jax.vjp(lambda flat: outputs(shaped(flat), one), flat)
        return jax.vmap(back)(root(z).T)[0]  # [K, D]

    return jax.vmap(of_point)(x).reshape(-1, flat.size)


class Evidence(NamedTuple):
    """Nats; divide by n for the value per point."""

    value: float  # of the best variance, less what it costs to have chosen it
    variance: float
    curve: np.ndarray  # per variance


def evidence(log_likelihood: float, params: Tree, eigenvalues: np.ndarray, variances: Sequence[float] = VARIANCES) -> Evidence:
    """log_likelihood: of all points at params [nats]; eigenvalues [D] of H in these params. The variance is chosen with the data, so that
    ln(number of variances) is taken off: the log of the mean over them is never less than the best after that. Raises BadInput where the
    likelihood is not finite."""
    if not np.isfinite(log_likelihood):
        raise BadInput(f"the log likelihood of these parameters is {log_likelihood}: train them again with a smaller learning rate")
    square = sum(float((np.asarray(leaf, np.float64) ** 2).sum()) for leaf in jax.tree.leaves(params))
    curve = np.array([log_likelihood - square / (2 * s) - 0.5 * np.log1p(s * eigenvalues).sum() for s in variances])
    best = int(curve.argmax())
    return Evidence(float(curve[best] - np.log(len(curve))), variances[best], curve)
