"""Dropout (Srivastava et al., 2014) with explicit keys."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

Drop = Callable[[jax.Array], jax.Array]


def keep(x: jax.Array) -> jax.Array:
    """No dropout: what evaluation passes where training passes a `dropout`."""
    return x


def dropout(rate: float | jax.Array, key: jax.Array) -> Drop:
    """Sets a share `rate` of the entries to zero and scales the others up."""
    return lambda x: jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0).astype(x.dtype)
