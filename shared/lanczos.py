"""Eigenvalues of a symmetric operator that is known by its products alone: Lanczos' method, and traces of functions by its quadrature."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.linalg import eigh_tridiagonal

from shared.errors import BadInput

BLOCK = 20  # rows of a basis that are looked at together: there is a program for each number of blocks
Operator = Callable[[jax.Array], jax.Array]  # v [D] -> A v [D]


class Krylov(NamedTuple):
    """A in an orthonormal basis in which it has three diagonals."""

    basis: jax.Array  # [m, D]
    diagonal: np.ndarray  # float64 [m]
    beside: np.ndarray  # float64 [m]; the last one is how far A leads out of the basis


class Ritz(NamedTuple):
    """Eigenvalues as the basis sees them."""

    values: np.ndarray  # [m], ascending: the i-th largest is at most that of A (Cauchy)
    bounds: np.ndarray  # [m]: an eigenvalue of A lies at most so far from each
    weights: np.ndarray  # [m], of the quadrature: they sum to 1


def krylov(operator: Operator, start: jax.Array, steps: int) -> Krylov:
    """`steps` products from start [D], fewer where the basis is closed before. Raises BadInput for products that are not finite.

    Every vector is made orthogonal to all before it, twice: Lanczos' own recursion forgets them as soon as the first Ritz pair has
    converged, in float32 after some ten steps, and then finds its value over and over.
    """
    basis = jnp.zeros((min(steps, len(start)), len(start)), start.dtype).at[0].set(start / jnp.linalg.norm(start))
    diagonal, beside, scale = [], [], 0.0
    for step in range(len(basis)):
        rest, inner, left = orthogonal(basis, operator(basis[step]), step, min(len(basis), step - step % BLOCK + BLOCK))
        diagonal.append(float(inner))
        beside.append(float(left))
        if not np.isfinite(diagonal[-1] + beside[-1]):
            raise BadInput(f"product {step + 1} of Lanczos' method is not finite: look at what the operator is made from")
        scale = max(scale, abs(diagonal[-1]), beside[-1])
        if step + 1 == len(basis) or beside[-1] <= 10 * float(jnp.finfo(start.dtype).eps) * scale:
            break
        basis = appended(basis, rest, step + 1)
    return Krylov(basis[: len(diagonal)], np.array(diagonal), np.array(beside))


@partial(jax.jit, static_argnames="rows")
def orthogonal(basis: jax.Array, product: jax.Array, step: int, rows: int) -> tuple[jax.Array, jax.Array, jax.Array]:
    """What of a product is orthogonal to the basis, its length made 1; its part along basis[step]; and the length. Of the basis the first
    `rows` are looked at; those after `step` are 0."""
    inner, basis = basis[step] @ product, basis[:rows]
    for _ in range(2):
        product = product - (basis @ product) @ basis
    length = jnp.linalg.norm(product)
    return product / jnp.maximum(length, jnp.finfo(product.dtype).tiny), inner, length


@partial(jax.jit, donate_argnums=0)
def appended(basis: jax.Array, row: jax.Array, step: int) -> jax.Array:
    return basis.at[step].set(row)


def ritz(found: Krylov) -> Ritz:
    """The residual of a Ritz pair is as long as the last component of its vector times the last number beside the diagonal."""
    values, vectors = eigh_tridiagonal(found.diagonal, found.beside[:-1])
    return Ritz(values, np.abs(vectors[-1]) * found.beside[-1], vectors[0] ** 2)


def probed(operator: Operator, size: int, key: jax.Array, probes: int, steps: int) -> list[Ritz]:
    """Lanczos from random signs, `probes` times: what `trace` takes. `size` is D."""
    signs = jax.random.rademacher(key, (probes, size), jnp.float32)
    return [ritz(krylov(operator, start, steps)) for start in signs]


def trace(found: Sequence[Ritz], size: int, function: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Stochastic Lanczos quadrature (Ubaru, Chen and Saad, 2017): an estimate of tr f(A) per probe, whose mean is nearly unbiased."""
    return np.array([size * (one.weights @ function(one.values)) for one in found])
