"""SIGReg (Balestriero and LeCun, 2025): how far a cloud of latents is from an isotropic standard Gaussian, by the Epps-Pulley test of its
projections on random directions.

For N latents projected on u: T = N * sum_k w_k exp(-t_k^2 / 2) |C(t_k) + i S(t_k) - exp(-t_k^2 / 2)|^2, where C + i S is the empirical
characteristic function. Nothing is standardised: mean and variance are tested too. N is the whole batch: under jit, a batch that is split
over devices has its characteristic functions averaged over all of it before they are squared.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

LAST = 3.0  # the knots lie on [0, LAST]; by symmetry that is the whole line


def quadrature(knots: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Knots t, weights (trapezoid on both sides of 0, times the window exp(-t^2 / 2)), and the target's characteristic function."""
    t = np.linspace(0, LAST, knots)
    target = np.exp(-(t**2) / 2)
    weights = np.full(knots, 2 * t[1])
    weights[[0, -1]] = t[1]
    return t, weights * target, target


def directions(key: jax.Array, width: int, count: int) -> jax.Array:
    """`count` random unit vectors, [D, M]; the same on every device for the same key."""
    normal = jax.random.normal(key, (width, count))
    return normal / jnp.linalg.norm(normal, axis=0)


def sigreg(z: jax.Array, along: jax.Array, knots: int = 17) -> jax.Array:
    """Latents z [T, N, D] along directions [D, M] -> the mean statistic over time steps and directions, float32.

    About 1.05 for a standard Gaussian, whatever N; 0.40 N where all latents are zero.
    """
    _, weights, target = quadrature(knots)
    h = jnp.einsum("tnd,dm->tnm", z.astype(jnp.float32), along, precision="highest")
    cos, sin = characteristic(h, knots)  # [K, T, M]
    apart = (cos - target[:, None, None]) ** 2 + sin**2
    return z.shape[1] * jnp.mean(jnp.tensordot(weights.astype(np.float32), apart, 1))


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def characteristic(h: jax.Array, knots: int) -> tuple[jax.Array, jax.Array]:
    """Means of cos(t_k h) and sin(t_k h) over the rows of h [T, N, M], [K, T, M] each.

    The knots are equally spaced, so each is the last one turned by the same angle: one cosine instead of K, and no array of all of them.
    """
    _, means = jax.lax.scan(lambda turned, _: (turn(h, turned, knots), tuple(part.mean(1) for part in turned)), start(h), None, knots)
    return means


def start(h: jax.Array) -> tuple[jax.Array, jax.Array]:
    return jnp.ones_like(h), jnp.zeros_like(h)


def turn(h: jax.Array, turned: tuple[jax.Array, jax.Array], knots: int) -> tuple[jax.Array, jax.Array]:
    """(cos, sin) of t_k h -> those of t_(k+1) h."""
    (c, s), step = turned, LAST / (knots - 1)
    by_c, by_s = jnp.cos(step * h), jnp.sin(step * h)  # of every turn the same: the compiler lifts them out of the loop
    return c * by_c - s * by_s, s * by_c + c * by_s


def forward(h: jax.Array, knots: int) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
    return characteristic(h, knots), h


def backward(knots: int, h: jax.Array, gradient: tuple[jax.Array, jax.Array]) -> tuple[jax.Array]:
    t = jnp.asarray(quadrature(knots)[0], h.dtype)

    def add(carry: tuple, knot: tuple) -> tuple[tuple, None]:
        (c, s), total = carry
        t, of_cos, of_sin = knot
        total = total + t * (of_sin[:, None] * c - of_cos[:, None] * s)
        return (turn(h, (c, s), knots), total), None

    (_, total), _ = jax.lax.scan(add, (start(h), jnp.zeros_like(h)), (t, *gradient))
    return (total / h.shape[1],)


characteristic.defvjp(forward, backward)
