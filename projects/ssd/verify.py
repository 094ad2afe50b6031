"""The exact test of a speculation against the target's logits (Leviathan et al., 2023; section 1.2 of the specification)."""

import jax
import jax.numpy as jnp

from projects.ssd.sampling import ACCEPT, BONUS, gumbel, scaled, uniform


def greedy(logits: jax.Array, speculation: jax.Array) -> tuple[jax.Array, jax.Array]:
    """k [B], how many of speculation [B, K] are the argmax of logits [B, K + 1, V], and the argmax after them, the bonus [B]."""
    best = jnp.argmax(logits, -1).astype(jnp.int32)
    k = accepted(best[:, :-1] == speculation)
    return k, at(best, k)


def sampled(logits: jax.Array, speculation: jax.Array, q: jax.Array, length: jax.Array, rows) -> tuple[jax.Array, jax.Array]:
    """The same for rows that draw: x is kept with probability min(1, p(x) / q(x)), the bonus comes from the residual.

    q [B, K, V] is what each token was really drawn from. `length` [B] is the position of the token before the first.
    Tokens < 0 are padding and are not kept; the bonus in their place comes from p.
    """
    seed, ids, temperature = rows
    b, depth = speculation.shape
    p = jax.nn.softmax(scaled(logits, temperature[:, None]), -1)
    real = speculation >= 0
    q = jnp.where(real[..., None], q, 0.0)
    x = jnp.maximum(speculation, 0)[..., None]
    p_x, q_x = (jnp.take_along_axis(law, x, -1)[..., 0] for law in (p[:, :-1], q))
    u = uniform(seed, ACCEPT, ids, length[:, None] + 1 + jnp.arange(depth))
    k = accepted(real & (u * q_x < p_x))
    p_k = at(p, k)
    residual = jnp.maximum(p_k - at(jnp.pad(q, ((0, 0), (0, 1), (0, 0))), k), 0.0)
    law = jnp.where(residual.sum(-1, keepdims=True) > 0, residual, p_k)  # p = q: a rejection was rounding
    noise = gumbel(seed, BONUS, ids, (length + k + 1)[:, None], p.shape[-1])[:, 0]
    return k, jnp.argmax(jnp.log(law) + noise, -1).astype(jnp.int32)


def accepted(kept: jax.Array) -> jax.Array:
    """Length [B] of the leading run of True in [B, K]."""
    return jnp.cumprod(kept.astype(jnp.int32), -1).sum(-1)


def at(values: jax.Array, k: jax.Array) -> jax.Array:
    """values [B, K + 1, ...] at k [B]."""
    return jnp.take_along_axis(values, k.reshape(-1, *[1] * (values.ndim - 1)), 1)[:, 0]
