"""Few values instead of many: a codebook, the number of v's value in it, and gradients through both.

Two kinds of codebooks: `learned`, whose every value is trained and coded, and `even`, whose values are equally far apart: one number.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np

KINDS = ("learned", "even")


def start(kind: str, v: np.ndarray, levels: int) -> np.ndarray:
    """What a codebook of this kind is trained from: the values [L] of `kmeans`, or the step [1] with which its values reach all of v."""
    return kmeans(v, levels) if kind == "learned" else np.array([2 * np.abs(v).max() / (levels - 1)], np.float32)


def codebook(kind: str, grid: jax.Array, levels: int) -> jax.Array:
    """The values [L] of a trained grid."""
    return grid if kind == "learned" else grid * whole(levels)


def whole(levels: int) -> jax.Array:
    """The values [L] of an even codebook, in steps."""
    return jnp.arange(levels, dtype=jnp.float32) - (levels - 1) / 2


def written(grid: jax.Array) -> jax.Array:
    """A grid as a file has it, in float16, with the gradient of the grid itself. Many of v come to rest beside the border of two values, so
    a step that is rounded only at the end would send some to the other side."""
    return grid + jax.lax.stop_gradient(grid.astype(jnp.float16).astype(jnp.float32) - grid)


def symbols(kind: str, v: jax.Array, grid: jax.Array, levels: int) -> jax.Array:
    """The number [d] of the nearest value."""
    return nearest(v, grid) if kind == "learned" else nearest(v / grid, whole(levels))


def kmeans(v: np.ndarray, levels: int) -> np.ndarray:
    """The values [L] that have the least squared distance from v [d], by Lloyd's steps from v's quantiles. Without a random number."""
    values = np.sort(v.astype(np.float64))
    centres = np.quantile(values, (np.arange(levels) + 0.5) / levels)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    for _ in range(100):
        cuts = np.concatenate([[0], np.searchsorted(values, (centres[1:] + centres[:-1]) / 2), [len(values)]])
        count = np.diff(cuts)
        moved = np.where(count > 0, np.diff(sums[cuts]) / np.maximum(count, 1), centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    return centres.astype(np.float32)


def nearest(v: jax.Array, values: jax.Array) -> jax.Array:
    """The number [d] of the nearest value; the first of two."""
    return jnp.abs(v[:, None] - values).argmin(1)


def straight_through(kind: str, v: jax.Array, grid: jax.Array, levels: int) -> jax.Array:
    """v [d] rounded to the nearest value of its codebook. Its gradient passes to v as if nothing were rounded. To a learned value it passes
    as the sum over what was rounded to it; to the step of an even one weighted by what the rounding changed, in steps (Esser et al., 2020).
    What lies beyond the outermost value of an even codebook follows the step alone: moving it changes nothing."""
    near = symbols(kind, v, grid, levels)
    if kind == "learned":
        return grid[near] + (v - jax.lax.stop_gradient(v))
    most = (levels - 1) / 2
    u = jnp.clip(v / grid, -most, most)
    return grid * (u + jax.lax.stop_gradient(whole(levels)[near] - u))


def price(v: jax.Array, values: jax.Array) -> jax.Array:
    """About how many nats the symbols of v cost: the entropy of a Laplace distribution in bins as wide as the codebook's mean gap.

    ln(1 + 2e E|v| / gap) per number: 0 for v = 0, and with a slope everywhere, which the entropy of the symbols lacks.
    """
    gap = jnp.abs(values[-1] - values[0]) / (len(values) - 1)
    return v.size * jnp.log1p(2 * math.e * jnp.abs(v).mean() / gap)
