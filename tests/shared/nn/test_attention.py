"""Attention against its definition."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shared.nn.attention import attend, look

B, T, H, D = 2, 7, 6, 8


def case(kv_heads, dtype=jnp.float32):
    shapes = ((B, T, H, D), (B, T, kv_heads, D), (B, T, kv_heads, D))
    return [jax.random.normal(jax.random.key(i), s, dtype) for i, s in enumerate(shapes)]


def by_hand(q, k, v, seen):
    """Head by head and query by query, in float64 numpy."""
    q, k, v = (np.asarray(x, np.float64) for x in (q, k, v))
    out = np.zeros_like(q)
    for b, t, h in np.ndindex(q.shape[:3]):
        g = h // (q.shape[2] // k.shape[2])
        s = np.flatnonzero(seen[b, t])
        weight = np.exp(k[b, s, g] @ q[b, t, h] / np.sqrt(q.shape[-1]))
        out[b, t, h] = weight @ v[b, s, g] / weight.sum()
    return out


def test_causal():
    q, k, v = case(H)
    seen = np.broadcast_to(np.tril(np.ones((T, T), bool)), (B, T, T))
    np.testing.assert_allclose(attend(q, k, v), by_hand(q, k, v, seen), atol=1e-5)


@pytest.mark.parametrize("kv_heads", [H, 2])
def test_a_mask_chooses_keys_of_a_cache(kv_heads):
    q, k, v = case(kv_heads)
    seen = np.random.default_rng(0).random((B, T, T)) < 0.5
    seen[..., 0] = True
    slots = k.swapaxes(1, 2), v.swapaxes(1, 2)
    np.testing.assert_allclose(look(q, slots, jnp.asarray(seen)), by_hand(q, k, v, seen), atol=1e-5)


def test_grouped_queries_equal_repeated_heads():
    q, k, v = case(2)
    repeated = attend(q, jnp.repeat(k, H // 2, 2), jnp.repeat(v, H // 2, 2))
    np.testing.assert_allclose(attend(q, k, v), repeated, atol=1e-6)


def test_large_scores_stay_finite():
    q, k, v = case(H)
    out, pull = jax.vjp(lambda q, k, v: attend(q, k, v), 1e4 * q, k, v)
    assert all(np.isfinite(x).all() for x in (out, *pull(out)))
