"""Normalisation over the last axis, computed in float32 whatever the compute type."""

import jax
import jax.numpy as jnp
from flax import nnx

from shared.nn.pure import Axes


class RMSNorm(nnx.Module):
    """x / rms(x) * scale (Zhang and Sennrich, 2019)."""

    def __init__(self, width: int, axes: Axes = ("embed",), *, eps: float = 1e-6):
        self.scale = nnx.Param(jnp.ones(width), axes=axes)
        self.eps = eps

    def __call__(self, x: jax.Array) -> jax.Array:
        y = x.astype(jnp.float32)
        y = y * jax.lax.rsqrt(jnp.mean(y * y, -1, keepdims=True) + self.eps)
        return (y * self.scale[...]).astype(x.dtype)


class LayerNorm(nnx.Module):
    """(x - mean) / std * scale, plus a bias if asked (Ba et al., 2016)."""

    def __init__(self, width: int, axes: Axes = ("embed",), *, bias: bool = True, eps: float = 1e-5):
        self.scale = nnx.Param(jnp.ones(width), axes=axes)
        self.bias = nnx.Param(jnp.zeros(width), axes=axes) if bias else None
        self.eps = eps

    def __call__(self, x: jax.Array) -> jax.Array:
        y = x.astype(jnp.float32)
        y = y - jnp.mean(y, -1, keepdims=True)
        y = y * jax.lax.rsqrt(jnp.mean(y * y, -1, keepdims=True) + self.eps) * self.scale[...]
        return (y if self.bias is None else y + self.bias[...]).astype(x.dtype)
