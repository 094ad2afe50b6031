"""An MLP that has to say all states of a horizon at once: p_d without diffusion. Like p_d, it is not causal."""

import jax
import jax.numpy as jnp

from projects.dmpc.baselines.mlp import ensemble
from projects.dmpc.histories import masked_mean, recent
from projects.dmpc.interface import Batch, Dynamics, Sizes, Tree


def mlp_dynamics(sizes: Sizes) -> Dynamics:
    """A mean over members. What they say is the difference to s_t."""
    inputs = sizes.history * sizes.state + (sizes.history - 1 + sizes.horizon) * sizes.action
    net = ensemble(inputs, sizes.horizon * sizes.state, sizes.hidden, sizes.members)

    def said(params: Tree, history: jax.Array, past: jax.Array, actions: jax.Array) -> jax.Array:
        """Of all members, [K, B, F, S]."""
        history, past = recent(history, past, sizes.history)
        changes = net.apply(params, *(part.reshape(len(part), -1) for part in (history, past, actions)))
        return history[:, -1:] + changes.reshape(*changes.shape[:2], sizes.horizon, sizes.state)

    def loss(params: Tree, batch: Batch, key: jax.Array) -> jax.Array:
        errors = jnp.mean((said(params, batch["history"], batch["past"], batch["actions"]) - batch["states"]) ** 2, -1)  # [K, B, F]
        return masked_mean(errors, batch["mask"])

    def roll(params: Tree, history: jax.Array, past: jax.Array, actions: jax.Array, key: jax.Array) -> jax.Array:
        return said(params, history, past, actions).mean(0)

    return Dynamics(net.init, net.axes, loss, roll)
