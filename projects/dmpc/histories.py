"""What a model reads of a history, how a history grows, and all the steps of a window as steps of their own."""

import jax
import jax.numpy as jnp
import numpy as np

from projects.dmpc.interface import Batch


def recent(history: jax.Array, past: jax.Array, length: int) -> tuple[jax.Array, jax.Array]:
    """The last `length` states [B, length, S] and the actions between them [B, length - 1, A]. Raises ValueError where there are fewer."""
    if history.shape[1] < length:
        raise ValueError(f"a history of {history.shape[1]} states, and the model reads {length}")
    return history[:, history.shape[1] - length :], past[:, past.shape[1] - (length - 1) :]


def grown(history: jax.Array, past: jax.Array, action: jax.Array, state: jax.Array) -> tuple[jax.Array, jax.Array]:
    """After action [B, A] led to state [B, S]: as long as before, without the oldest state and the action before it."""
    return jnp.concatenate([history[:, 1:], state[:, None]], 1), jnp.concatenate([past[:, 1:], action[:, None]], 1)


def steps(batch: Batch, length: int) -> Batch:
    """Each of the F steps of B windows as a window of one step: B * F of them, with a history of `length` states."""
    count, horizon = batch["mask"].shape
    if batch["history"].shape[1] < length:
        raise ValueError(f"a history of {batch['history'].shape[1]} states, and the model reads {length}")
    states = jnp.concatenate([batch["history"][:, -length:], batch["states"]], 1)  # [B, length + F, S]
    actions = jnp.concatenate([batch["past"][:, -length:], batch["actions"]], 1)  # [B, length + F, A]
    places = np.arange(horizon)[:, None] + np.arange(length)
    found = {"history": states[:, places], "past": actions[:, places]}
    found |= {name: batch[name][:, :, None] for name in ("actions", "states", "mask", "rewards") if name in batch}
    return {name: values.reshape(count * horizon, *values.shape[2:]) for name, values in found.items()}


def masked_mean(errors: jax.Array, mask: jax.Array) -> jax.Array:
    """The mean over K members of their errors [K, B, F], over what counts in mask [B, F]."""
    return jnp.sum(errors * mask) / len(errors) / jnp.maximum(jnp.sum(mask), 1)
