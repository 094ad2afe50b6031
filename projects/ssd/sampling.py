"""Random numbers by counter, and the laws tokens are drawn from.

A number depends on (seed, stream, sequence, absolute position of the token) alone: not on the batch, not on the round, and
not on whether a token was drafted ahead of time, so SSD with a neural backup draws the tokens of SD (section 4.5).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from shared.errors import BadInput

DRAFT, ACCEPT, BONUS = 0, 1, 2  # streams; the proposal and its test must not share noise


@dataclass(frozen=True)
class Sampling:
    temperature: float | Sequence[float] = 0.0  # of all prompts or of each; 0 is greedy
    seed: int = 0
    max_new: int = 128  # tokens per prompt
    ignore_eos: bool = False

    def temperatures(self, prompts: int) -> np.ndarray:
        """[prompts] float32. Raises BadInput unless all are numbers >= 0."""
        given = np.asarray(self.temperature, np.float32)
        if given.ndim and given.shape != (prompts,):
            raise BadInput(f"{given.size} temperatures for {prompts} prompts: give one, or one per prompt")
        bad = given[~((given >= 0) & np.isfinite(given))]
        if bad.size:
            raise BadInput(f"temperature {bad.flat[0]:g} is not a number from 0 up: 0 is greedy, 1 the model's own distribution")
        return np.broadcast_to(given, prompts).astype(np.float32)


class Rows:
    """What the rows of a batch draw with: key data of the seed, sequence numbers [B], temperatures [B]."""

    def __init__(self, sampling: Sampling, ids: np.ndarray):
        self.temperature = sampling.temperatures(len(ids))
        self.greedy = not self.temperature.any()
        # uint32 [2], the key data of jax.random.key(seed, impl="threefry2x32"): made here, it costs no program
        self.seed = np.array([sampling.seed >> 32 & 0xFFFFFFFF, sampling.seed & 0xFFFFFFFF], np.uint32)
        self.ids = np.asarray(ids, np.int32)

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.seed, self.ids, self.temperature


def keys(seed: jax.Array, stream: int, ids: jax.Array, positions: jax.Array) -> jax.Array:
    """Keys [B, T] of sequences [B] at positions [B, T]."""
    root = jax.random.fold_in(jax.random.wrap_key_data(seed, impl="threefry2x32"), stream)
    rows = jax.vmap(jax.random.fold_in, (None, 0))(root, ids)
    return jax.vmap(jax.vmap(jax.random.fold_in, (None, 0)))(rows, positions)


def uniform(seed, stream: int, ids, positions) -> jax.Array:
    """[B, T] in [0, 1)."""
    return jax.vmap(jax.vmap(lambda key: jax.random.uniform(key)))(keys(seed, stream, ids, positions))


def gumbel(seed, stream: int, ids, positions, vocab: int) -> jax.Array:
    """[B, T, V]; argmax(log p + gumbel) is a draw from p."""
    return jax.vmap(jax.vmap(lambda key: jax.random.gumbel(key, (vocab,))))(keys(seed, stream, ids, positions))


def integers(seed, stream: int, ids, positions, limit: int) -> jax.Array:
    """[B, T] int32 in 0 .. limit - 1."""
    return jax.vmap(jax.vmap(lambda key: jax.random.randint(key, (), 0, limit)))(keys(seed, stream, ids, positions))


def scaled(logits: jax.Array, temperature: jax.Array) -> jax.Array:
    """Unnormalised log-probabilities of the tempered law. Temperature 0 is the first of the largest: 0 there, -inf elsewhere.

    `temperature` has the leading axes of `logits` [..., V], or 1 there.
    """
    t = temperature[..., None]
    first = jnp.argmax(logits, -1, keepdims=True) == jnp.arange(logits.shape[-1])
    return jnp.where(t > 0, logits / jnp.where(t > 0, t, 1.0), jnp.where(first, 0.0, -jnp.inf))


def saguaro(z: jax.Array, top: jax.Array, limit: int, weight: float, temperature: jax.Array) -> jax.Array:
    """Definition 14: log-weights z [..., V] with those of the largest `top` [...] < limit tokens, and of ties, times `weight`.

    Unchanged at temperature 0, where it would move the argmax, and where no token is outside the set.
    """
    limit = min(limit, z.shape[-1])
    best = jax.lax.top_k(z, limit)[0]
    edge = jnp.take_along_axis(best, jnp.clip(top - 1, 0, limit - 1)[..., None], -1)
    inside = z >= edge
    rest = jnp.any(~inside & (z > -jnp.inf), -1, keepdims=True)
    apply = inside & rest & (top > 0)[..., None] & (temperature > 0)[..., None]
    return jnp.where(apply, z + (math.log(weight) if weight > 0 else -jnp.inf), z)
