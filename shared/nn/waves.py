"""What a number, such as a position or a noise level, looks like to a network: sines and cosines of it."""

import jax
import jax.numpy as jnp
import numpy as np


def waves(x: jax.Array, fastest: float, slowest: float, count: int) -> jax.Array:
    """Numbers x [...] -> [..., 2 * count], float32: sines, then cosines, at angular frequencies spaced geometrically."""
    angles = x[..., None].astype(jnp.float32) * np.geomspace(fastest, slowest, count, dtype=np.float32)
    return jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], -1)


def sinusoidal(k: jax.Array, width: int) -> jax.Array:
    """Levels k [...] of a diffusion over about a thousand -> [..., width], with the frequencies of Vaswani et al. (2017)."""
    return waves(k, 1.0, 1e-4, width // 2)
