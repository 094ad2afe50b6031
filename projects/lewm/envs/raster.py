"""Flat shapes drawn without edges of stairs: a shape is its signed distance at every pixel, negative inside. JAX, traceable.

A number of a picture (a position, an angle) has shape [..., 1, 1], so that it broadcasts against the pixels [size, size].
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp

Planes = Sequence[jax.Array]  # red, green, blue, each [..., size, size] in [0, 255]
Colour = Sequence[jax.typing.ArrayLike]


def numbers(states: jax.Array) -> Sequence[jax.Array]:
    """states [..., S] -> S arrays [..., 1, 1]."""
    return [states[..., i, None, None] for i in range(states.shape[-1])]


def disc(x: jax.Array, y: jax.Array, radius: float) -> jax.Array:
    """Around the origin."""
    return jnp.sqrt(x * x + y * y) - radius


def box(x: jax.Array, y: jax.Array, low: tuple[float, float], high: tuple[float, float]) -> jax.Array:
    """Parallel to the axes, between two corners."""
    across = jnp.maximum(low[0] - x, x - high[0])
    along = jnp.maximum(low[1] - y, y - high[1])
    outside = jnp.sqrt(jnp.maximum(across, 0) ** 2 + jnp.maximum(along, 0) ** 2)
    return outside + jnp.minimum(jnp.maximum(across, along), 0)


def capsule(x: jax.Array, y: jax.Array, length: float, radius: float) -> jax.Array:
    """From the origin along the first axis."""
    return disc(x - jnp.clip(x, 0, length), y, radius)


def turned(x: jax.Array, y: jax.Array, angle: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The coordinates in a frame that is turned by `angle` [rad] from the first axis to the second."""
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    return cos * x + sin * y, cos * y - sin * x


def cover(distance: jax.Array, pixel: float) -> jax.Array:
    """The share of each pixel that a shape covers; `pixel` is the width of one, over which an edge fades. Exact for straight edges."""
    return jnp.clip(0.5 - distance / pixel, 0, 1)


def over(below: Planes, colour: Colour, share: jax.Array) -> Planes:
    """A shape painted over what is there."""
    return [plane + share * (c - plane) for plane, c in zip(below, colour, strict=True)]


def frames(planes: Planes) -> jax.Array:
    """float32 [..., size, size, 3], each value k / 255."""
    return jnp.round(jnp.stack(planes, -1)) / 255
