"""The language-modelling loss."""

import jax
import jax.numpy as jnp


def token_losses(logits: jax.Array, tokens: jax.Array) -> jax.Array:
    """Cross-entropy [nats] of each token but the first given those before it: [B, T, V], [B, T] -> [B, T - 1]."""
    logits, targets = logits[:, :-1].astype(jnp.float32), tokens[:, 1:, None]
    chosen = jnp.take_along_axis(logits, targets, -1)[..., 0]
    return jax.nn.logsumexp(logits, -1) - chosen


def next_token_loss(logits: jax.Array, tokens: jax.Array) -> jax.Array:
    """Mean cross-entropy [nats per token] over the predicted positions 0 .. T - 2."""
    return jnp.mean(token_losses(logits, tokens))
