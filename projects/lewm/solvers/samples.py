"""What solvers share: what they are given, what they find, how they draw plans and choose among them."""

from collections.abc import Callable
from typing import NamedTuple

import jax

Cost = Callable[[jax.Array], jax.Array]  # plans [S, H, 5A] -> costs [S]


class Found(NamedTuple):
    plan: jax.Array  # [H, 5A]
    costs: jax.Array  # [iterations, S] of every plan that was tried


def draw(key: jax.Array, samples: int, mean: jax.Array, std: jax.Array) -> jax.Array:
    """[S, H, 5A] independent samples, the mean [H, 5A] in place of the first."""
    return (mean + std * jax.random.normal(key, (samples, *mean.shape))).at[0].set(mean)


def lowest(costs: jax.Array, count: int) -> jax.Array:
    """Indices [count] of the lowest costs [S], the lowest first."""
    return jax.lax.top_k(-costs, count)[1]
