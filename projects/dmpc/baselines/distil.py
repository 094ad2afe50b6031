"""A planner distilled into an MLP: its first actions, by regression on the states where it was asked."""

import jax
import jax.numpy as jnp

from projects.dmpc.baselines.mlp import MLP
from projects.dmpc.interface import Batch, Policy, Sizes, Tree
from shared.nn.pure import pure


def policy(sizes: Sizes) -> Policy:
    """The student behind the interface of all models. A batch is of windows of one step, whose actions are the planner's."""
    net = pure(lambda rngs: MLP(sizes.state, sizes.action, sizes.hidden, rngs))  # states [B, S] -> actions [B, A], both normalised

    def loss(params: Tree, batch: Batch, key: jax.Array) -> jax.Array:
        return jnp.mean((net.apply(params, batch["history"][:, -1]) - batch["actions"][:, 0]) ** 2)

    def act(params: Tree, history: jax.Array, past: jax.Array, key: jax.Array) -> jax.Array:
        return net.apply(params, history[:, -1])

    return Policy(net.init, net.axes, loss, act, draws=False)
