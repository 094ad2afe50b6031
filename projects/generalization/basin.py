"""The volume of the basin around a minimum (Huang et al., 2020): of all parameters from which a straight line to the minimum stays where
the loss is below tau.

Coordinates are shares: a parameter's distance from the minimum over the root mean square of its filter there, the weights and the bias that
go into one unit. So it does not count as flat to have large weights (Li et al., 2018). In these coordinates the basin is
star-shaped around the minimum, and with u uniform on the unit sphere and r(u) its radius

    V = omega_D E r(u)^D,   omega_D = pi^(D/2) / Gamma(1 + D/2).

A mean of D-th powers hangs on the largest radius that was drawn, and is too small as long as larger ones exist: only differences of
ln V that are many times larger than that mean something.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from scipy.special import logsumexp

from shared.errors import BadInput

Tree = Any
Loss = Callable[[jax.Array], jax.Array]  # flat parameters [D] -> mean loss

FIRST, GROWTH, LAST = 1e-4, 1.1, 30.0  # where a ray is looked at: so far, then a tenth farther each time, in units
HALVINGS = 10
AT_ONCE = 20  # rays
RESAMPLED = 1_000


class Volume(NamedTuple):
    """ln V, its 95 % interval over resampled directions, and the share of the sum that comes from the largest radius alone."""

    ln: float
    low: float
    high: float
    largest: float


def scales(params: Tree) -> Tree:
    """The root mean square of every parameter's filter: kernels [..., outputs] and biases [outputs] of a layer together."""

    def of_layer(layer: dict[str, jax.Array]) -> dict[str, jax.Array]:
        kernel = layer["kernel"].reshape(-1, len(layer["bias"]))  # [inputs, outputs]
        size = jnp.sqrt(((kernel**2).sum(0) + layer["bias"] ** 2) / (len(kernel) + 1))
        return {"kernel": jnp.broadcast_to(size, layer["kernel"].shape), "bias": size}

    return jax.tree.map(of_layer, params, is_leaf=lambda node: "kernel" in node)


def radii(loss: Loss, params: Tree, units: Tree, tau: float, seed: int, count: int) -> np.ndarray:
    """The distance to the border along `count` random directions, float64 [count], in `units` (a tree like params). Infinite where there is
    none within LAST. Raises BadInput where the loss at params themselves is not below tau."""
    (flat, _), (unit, _) = ravel_pytree(params), ravel_pytree(units)
    here = float(loss(flat))
    if not here < tau:
        raise BadInput(f"the loss at the minimum is {here:.3g}, not below volume.tau={tau:g}: train for more steps, or raise volume.tau")

    def radius(key: jax.Array) -> jax.Array:
        direction = jax.random.normal(key, flat.shape)
        direction = unit * direction / jnp.sqrt(jnp.mean(direction**2))  # a step of 1 moves each parameter by about its unit

        def inside(t: jax.Array) -> jax.Array:
            return loss(flat + t * direction) < tau

        def closer(_: int, ends: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
            middle = (ends[0] + ends[1]) / 2
            within = inside(middle)
            return jnp.where(within, middle, ends[0]), jnp.where(within, ends[1], middle)

        out = jax.lax.while_loop(lambda t: inside(t) & (t < LAST), lambda t: t * GROWTH, jnp.float32(FIRST))
        ends = jax.lax.fori_loop(0, HALVINGS, closer, (jnp.where(out > FIRST, out / GROWTH, 0.0), out))
        return jnp.where(out < LAST, (ends[0] + ends[1]) / 2, jnp.inf)

    keys = jax.random.split(jax.random.key(seed), count)
    found = jax.jit(lambda keys: jax.lax.map(radius, keys, batch_size=AT_ONCE))(keys)
    return np.asarray(found, np.float64) * math.sqrt(flat.size)  # a direction is sqrt(D) units long


def volume(found: np.ndarray, size: int, seed: int) -> Volume:
    """Of radii [count] in D = `size` dimensions. Raises BadInput where a radius has no end."""
    if not np.isfinite(found).all():
        raise BadInput(f"{np.isinf(found).sum()} of {len(found)} directions never leave the basin, so it has no volume: lower volume.tau")
    powers = size * np.log(found)
    drawn = powers[np.random.default_rng(seed).integers(0, len(found), (RESAMPLED, len(found)))]
    ball = size / 2 * math.log(math.pi) - math.lgamma(1 + size / 2) - math.log(len(found))
    total = float(logsumexp(powers))
    low, high = np.percentile(logsumexp(drawn, axis=1), (2.5, 97.5))
    return Volume(ball + total, ball + float(low), ball + float(high), math.exp(powers.max() - total))
