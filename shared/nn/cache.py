"""The key-value cache of a decoder: an explicit tree of arrays that can be scanned, vmapped, donated and sharded.

Heads stand before slots, as the products of attention want them: with slots first every step would copy all keys and values of a batch.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class KVCache(NamedTuple):
    """Keys and values of every layer. Slots at or beyond a row's length are garbage that attention never reads."""

    k: jax.Array | tuple[jax.Array, ...]  # [L, B, Hkv, S, Dh], or one array per layer for a decoder that is a list
    v: jax.Array | tuple[jax.Array, ...]
    length: jax.Array  # [B] int32, tokens held by each row; rows may differ


class Scratch(NamedTuple):
    """Keys and values of M branches that continue every row, apart from the cache so that they cannot harm it."""

    k: jax.Array | tuple[jax.Array, ...]  # [L, B, M, Hkv, K, Dh] for K tokens per branch, or one array per layer
    v: jax.Array | tuple[jax.Array, ...]


def zeros(config, stacked: bool, *lead: int, slots: int) -> jax.Array | tuple[jax.Array, ...]:
    """Keys or values of every layer, [*lead, Hkv, slots, Dh]."""
    shape = (*lead, config.kv_heads, slots, config.head_dim)
    if stacked:
        return jnp.zeros((config.layers, *shape), config.dtype)
    return tuple(jnp.zeros(shape, config.dtype) for _ in range(config.layers))


def init_cache(config, batch: int, size: int, stacked: bool = True) -> KVCache:
    """An empty cache for `batch` rows of at most `size` tokens; writes beyond `size` are dropped."""
    k, v = (zeros(config, stacked, batch, slots=size) for _ in "kv")
    return KVCache(k, v, jnp.zeros(batch, jnp.int32))


def init_scratch(config, batch: int, branches: int, depth: int, stacked: bool = True) -> Scratch:
    """Room for `depth` tokens of each of `branches` branches per row."""
    return Scratch(*(zeros(config, stacked, batch, branches, slots=depth) for _ in "kv"))


def rollback(cache: KVCache, length: jax.Array) -> KVCache:
    """Forget the tokens of each row from `length` [B] on. Nothing is copied."""
    return cache._replace(length=jnp.broadcast_to(jnp.asarray(length, jnp.int32), cache.length.shape))


def write(slots: jax.Array, new: jax.Array, positions: jax.Array) -> jax.Array:
    """Put new [B, T, Hkv, Dh] at positions [B, T] of slots [B, Hkv, S, Dh]."""
    # Heads are indexed too: a single window per row becomes a slice that is read before it is written, and copies the whole cache.
    rows, heads = jnp.arange(slots.shape[0])[:, None, None], jnp.arange(slots.shape[1])
    return slots.at[rows, heads, positions[..., None]].set(new.astype(slots.dtype), mode="drop")
