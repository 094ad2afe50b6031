"""What a model reads of a history, how a history grows, and all the steps of a window as steps of their own."""

import jax
import jax.numpy as jnp
import numpy as np

from projects.dmpc.baselines.interface import Batch


def recent(history: jax.Array, past: jax.Array, length: int) -> tuple[jax.Array, jax.Array]:
    """The last `length` states [B, length, S] and the actions between them [B, length - 1, A]. Raises ValueError where there are fewer."""
    if history.shape[1] < length:
        raise ValueError(f"a history of {history.shape[1]} states, and the model reads {length}")
    return history[:, history.shape[1] - length :], past[:, past.shape[1] - (length - 1) :]


def grown(history: jax.Array, past: jax.Array, action: jax.Array, state: jax.Array) -> tuple[jax.Array, jax.Array]:
    """After action [B, A] led to state [B, S]: as long as before, without the oldest state."""
    return jnp.concatenate([history[:, 1:], state[:, None]], 1), jnp.concatenate([past, action[:, None]], 1)[:, 1:]


def steps(batch: Batch, length: int) -> Batch:
    """Each of the F steps of B windows as a window of one step: B * F of them, with `length` states of history."""
    history, past = recent(batch["history"], batch["past"], length)
    states = jnp.concatenate([history, batch["states"]], 1)  # [B, length + F, S]
    actions = jnp.concatenate([past, batch["actions"]], 1)  # [B, length - 1 + F, A]
    count, horizon = batch["mask"].shape
    first = np.arange(horizon)[:, None]
    found = {"history": states[:, first + np.arange(length)], "past": actions[:, first + np.arange(length - 1)]}
    found |= {name: batch[name][:, :, None] for name in ("actions", "states", "mask", "rewards") if name in batch}
    return {name: values.reshape(count * horizon, *values.shape[2:]) for name, values in found.items()}


def masked_mean(errors: jax.Array, mask: jax.Array) -> jax.Array:
    """The mean over K members of their errors [K, B, F], over what counts in mask [B, F]."""
    return jnp.sum(errors * mask) / len(errors) / jnp.maximum(jnp.sum(mask), 1)
