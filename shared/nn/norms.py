"""Normalisation, computed in float32 whatever the compute type."""

import math
from typing import Any, NamedTuple

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
    """standardise(x) * scale, plus a bias if asked (Ba et al., 2016)."""

    def __init__(self, width: int, axes: Axes = ("embed",), *, bias: bool = True, eps: float = 1e-5):
        self.scale = nnx.Param(jnp.ones(width), axes=axes)
        self.bias = nnx.Param(jnp.zeros(width), axes=axes) if bias else None
        self.eps = eps

    def __call__(self, x: jax.Array) -> jax.Array:
        y = standardise(x, self.eps) * self.scale[...]
        return (y if self.bias is None else y + self.bias[...]).astype(x.dtype)


class GroupNorm(nnx.Module):
    """(x - mean) / std over each group of channels of one picture, x [N, H, W, C] (Wu and He, 2018): nothing of other pictures enters.

    There are as many groups of four channels or more as a power of two allows, eight at most; one where C is no multiple of four.
    """

    def __init__(self, width: int, axes: Axes = ("mlp",), *, eps: float = 1e-5):
        self.scale = nnx.Param(jnp.ones(width), axes=axes)
        self.bias = nnx.Param(jnp.zeros(width), axes=axes)
        self.groups, self.eps = max(1, math.gcd(width, 32) // 4), eps

    def __call__(self, x: jax.Array) -> jax.Array:
        n, height, width, channels = x.shape
        y = x.astype(jnp.float32).reshape(n, height * width, self.groups, -1)
        y = y - jnp.mean(y, (1, 3), keepdims=True)
        y = y * jax.lax.rsqrt(jnp.mean(y * y, (1, 3), keepdims=True) + self.eps)
        return (y.reshape(x.shape) * self.scale[...] + self.bias[...]).astype(x.dtype)


def standardise(x: jax.Array, eps: float) -> jax.Array:
    """(x - mean) / std over the last axis, float32: a LayerNorm without parameters."""
    y = x.astype(jnp.float32)
    y = y - jnp.mean(y, -1, keepdims=True)
    return y * jax.lax.rsqrt(jnp.mean(y * y, -1, keepdims=True) + eps)


Tree = Any


class Moments(NamedTuple):
    """What a BatchNorm knows of its features: mean and variance, [F] each."""

    mean: jax.Array
    var: jax.Array


class BatchNorm(nnx.Module):
    """(x - mean) / std over the rows of x [N, F] (Ioffe and Szegedy, 2015). The moments are arguments, never hidden state."""

    def __init__(self, width: int, axes: Axes = ("mlp",), *, eps: float = 1e-5):
        self.scale = nnx.Param(jnp.ones(width), axes=axes)
        self.bias = nnx.Param(jnp.zeros(width), axes=axes)
        self.eps = eps

    def __call__(self, x: jax.Array, running: Moments | None = None) -> tuple[jax.Array, Moments]:
        """With the running moments (evaluation), or with those of these rows (training). Returns what `follow` takes in: the moments
        used, in training with the unbiased variance, as PyTorch keeps it.

        Under jit a batch that is split over devices is still one batch: its moments are those of all rows.
        """
        y, seen = x.astype(jnp.float32), running
        if running is None:
            mean = jnp.mean(y, 0)
            running = Moments(mean, jnp.mean((y - mean) ** 2, 0))
            seen = Moments(mean, running.var * (len(y) / (len(y) - 1)))
        y = (y - running.mean) * (jax.lax.rsqrt(running.var + self.eps) * self.scale[...]) + self.bias[...]
        return y.astype(x.dtype), seen


MOMENTUM = 0.1  # share of a new batch in the running moments


def follow(running: Tree, seen: Tree) -> Tree:
    """The running moments (any tree of them) after a batch."""
    return jax.tree.map(lambda old, new: old + MOMENTUM * (new - old), running, seen)
