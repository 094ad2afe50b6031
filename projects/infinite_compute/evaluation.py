"""What is measured on held-out text: the loss, and a multiple-choice probe made from the text itself."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from shared.data.tokens import TokenSet, windows
from shared.lm import token_losses

CHOICES = 4
Logits = Callable[[Any, jax.Array], jax.Array]  # params, tokens [B, T] -> logits [B, T, V]


def held_out(data: TokenSet, split: str, config: ConfigDict) -> np.ndarray:
    """The first evaluation.tokens of a split, the same for every run: int32 [batches, B, T]."""
    batch, context = config.evaluation.batch_size, config.data.context
    return np.asarray(windows(data.first(split, config.evaluation.tokens), context), np.int32).reshape(-1, batch, context)


def mean_loss(logits: Logits) -> Callable[[Any, np.ndarray], np.ndarray]:
    """(params [K, ...], tokens [batches, B, T]) -> mean loss [K], nats per predicted token."""

    def one(params: Any, tokens: jax.Array) -> jax.Array:
        return jax.lax.map(lambda batch: token_losses(logits(params, batch), batch).mean(), tokens).mean()

    over_members = jax.jit(jax.vmap(one, in_axes=(0, None)))
    return lambda params, tokens: np.asarray(over_members(params, tokens))


def probe_items(data: TokenSet, config: ConfigDict) -> np.ndarray:
    """Questions from held-out text: int32 [items, 4, T]. The first half of a window is the question; choice 0 is its own
    second half, the others are second halves of other windows. The same items for every run."""
    rows = np.asarray(windows(data.first("test", config.evaluation.tokens), config.data.context), np.int32)
    items = min(config.evaluation.probe_items, len(rows))
    half = config.data.context // 2
    shifts = np.random.default_rng(0).integers(1, len(rows), size=(items, CHOICES - 1))
    others = rows[(np.arange(items)[:, None] + shifts) % len(rows), half:]  # [items, 3, T/2]
    endings = np.concatenate([rows[:items, None, half:], others], 1)  # [items, 4, T/2]
    return np.concatenate([np.repeat(rows[:items, None, :half], CHOICES, 1), endings], -1)  # [items, 4, T]


def choose(losses: jax.Array) -> jax.Array:
    """Accuracy of picking the ending with the lowest mean loss; losses [items, 4, T - 1] of whole windows."""
    half = (losses.shape[-1] + 1) // 2
    return jnp.mean(jnp.argmin(losses[..., half - 1 :].mean(-1), -1) == 0)


def probe_accuracy(logits: Logits) -> Callable[[Any, np.ndarray], np.ndarray]:
    """(params [K, ...], items [items, 4, T]) -> accuracy [K]; chance is 1/4."""

    def one(params: Any, items: jax.Array) -> jax.Array:
        return choose(jax.lax.map(lambda item: token_losses(logits(params, item), item), items))

    over_members = jax.jit(jax.vmap(one, in_axes=(0, None)))
    return lambda params, items: np.asarray(over_members(params, items))


def bits_per_byte(loss: Any, bytes_per_token: float) -> Any:
    """Nats per token -> bits per byte, which compares across vocabularies."""
    return loss / (math.log(2) * bytes_per_token)
