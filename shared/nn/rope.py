"""Rotary position embedding (Su et al., 2021), halves convention of Llama, with Llama-3 frequency scaling."""

from dataclasses import dataclass
from math import pi

import jax
import jax.numpy as jnp
import numpy as np


@dataclass(frozen=True)
class Llama3Scaling:
    """Context extension of Llama 3.1: long wavelengths are divided by `factor`, short ones kept, a ramp between."""

    factor: float = 8.0
    low_frequency: float = 1.0  # wavelengths above original_context / low_frequency [tokens] are scaled fully
    high_frequency: float = 4.0  # wavelengths below original_context / high_frequency [tokens] are kept
    original_context: int = 8192  # tokens


def frequencies(head_dim: int, base: float, scaling: Llama3Scaling | None = None) -> np.ndarray:
    """Radians per token for each of the head_dim / 2 rotated pairs."""
    omega = base ** (-np.arange(0, head_dim, 2) / head_dim)
    if scaling is None:
        return omega
    turns = scaling.original_context * omega / (2 * pi)  # full turns within the original context
    keep = (turns - scaling.low_frequency) / (scaling.high_frequency - scaling.low_frequency)
    keep = np.clip(keep, 0, 1)
    return omega * (keep + (1 - keep) / scaling.factor)


def rotation(positions: jax.Array, omega: np.ndarray) -> tuple[jax.Array, jax.Array]:
    """Cosine and sine [..., T, 1, head_dim / 2] for integer positions [..., T]; the 1 stands for the heads."""
    angle = positions[..., None, None].astype(jnp.float32) * jnp.asarray(omega, jnp.float32)
    return jnp.cos(angle), jnp.sin(angle)


def rotate(x: jax.Array, cos: jax.Array, sin: jax.Array) -> jax.Array:
    """Rotate pairs (x[i], x[i + head_dim / 2]) of x [B, T, H, head_dim]."""
    a, b = jnp.split(x.astype(jnp.float32), 2, -1)
    return jnp.concatenate([a * cos - b * sin, b * cos + a * sin], -1).astype(x.dtype)
