"""The key-value cache of a decoder: an explicit tree of arrays that can be scanned, vmapped, donated and sharded."""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class KVCache(NamedTuple):
    """Keys and values of every layer. Slots at or beyond a row's length are garbage that attention never reads."""

    k: jax.Array  # [L, B, S, Hkv, Dh]
    v: jax.Array  # [L, B, S, Hkv, Dh]
    length: jax.Array  # [B] int32, tokens held by each row; rows may differ


def init_cache(config, batch: int, size: int) -> KVCache:
    """An empty cache for `batch` rows of at most `size` tokens; writes beyond `size` are dropped."""
    shape = (config.layers, batch, size, config.kv_heads, config.head_dim)
    return KVCache(jnp.zeros(shape, config.dtype), jnp.zeros(shape, config.dtype), jnp.zeros(batch, jnp.int32))


def rollback(cache: KVCache, length: jax.Array) -> KVCache:
    """Forget the tokens of each row from `length` [B] on. Nothing is copied."""
    return cache._replace(length=jnp.broadcast_to(jnp.asarray(length, jnp.int32), cache.length.shape))


def write(slots: jax.Array, new: jax.Array, positions: jax.Array) -> jax.Array:
    """Put new [B, T, Hkv, Dh] at positions [B, T] of slots [B, S, Hkv, Dh]."""
    rows = jnp.arange(slots.shape[0])[:, None]
    return slots.at[rows, positions].set(new.astype(slots.dtype), mode="drop")
