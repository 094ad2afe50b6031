"""States and actions as tokens: every kind of vectors has a projection of its own, and says when it happens and which kind it is.

Times are steps from now: s_t and a_t are at 0, past ones are negative. Values are normalised.
"""

from math import pi

import jax
import jax.numpy as jnp
from flax import nnx

from shared.nn.linear import Linear
from shared.nn.waves import waves

BASES = 16  # sines and cosines that tell a time (appendix E)


class Tokens(nnx.Module):
    """Vectors of one kind, [B, T, D] at times first .. first + T - 1, as tokens [B, T, width].

    Wavelengths of the times run from 4 steps, where neighbours differ most, to 4 `span`s, where the whole window is one slope.
    """

    def __init__(self, size: int, span: int, width: int, rngs: nnx.Rngs, dtype: str):
        self.values = Linear((size, width), (None, "embed"), rngs, dtype=dtype)
        self.times = Linear((2 * BASES, width), (None, "embed"), rngs, dtype=dtype)
        self.kind = nnx.Param(0.02 * jax.random.normal(rngs.params(), (width,)), axes=("embed",))
        self.span, self.dtype = span, dtype

    def __call__(self, vectors: jax.Array, first: int) -> jax.Array:
        times = waves(first + jnp.arange(vectors.shape[1]), pi / 2, pi / (2 * self.span), BASES)  # [T, 2 * BASES]
        place = self.times(times.astype(self.dtype)) + self.kind[...].astype(self.dtype)
        return self.values(vectors.astype(self.dtype)) + place


class History(nnx.Module):
    """The last H states [B, H, S], s_t the last of them, and the H - 1 actions between them [B, H - 1, A] -> tokens [B, 2H - 1, width]."""

    def __init__(self, state: int, action: int, history: int, span: int, width: int, rngs: nnx.Rngs, dtype: str):
        self.first = 1 - history
        self.states = Tokens(state, span, width, rngs, dtype)
        self.actions = Tokens(action, span, width, rngs, dtype) if history > 1 else None

    def __call__(self, states: jax.Array, actions: jax.Array) -> jax.Array:
        tokens = self.states(states, self.first)
        return tokens if self.actions is None else jnp.concatenate([tokens, self.actions(actions, self.first)], 1)
