"""What is learnt within a random subspace, as its two trainings see it: a number of v, and what follows from it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax


@dataclass(frozen=True)
class Objective:
    """Pure functions of v [d] and of `frozen`, which is what the seed gives."""

    freeze: Callable[[int | jax.Array], Any]  # seed -> frozen
    axes: Any  # logical axes of frozen
    loss: Callable[[Any, jax.Array, Any], jax.Array]  # frozen, v, batch -> mean cross entropy [nats]
    batches: Callable[[int], Callable[[int], Any]]  # seed -> step -> numpy arrays [B, ...]
    measure: Callable[[Any, jax.Array], dict[str, float]]  # frozen, v -> what is logged on the way
    count: int  # samples that a code's nats are spread over, in the unit of the loss
    tokens_per_batch: int
