"""A planner distilled into an MLP: its first actions, by regression on the states where it was asked. The paper's size is not known."""

import jax
import jax.numpy as jnp

from projects.dmpc.baselines.mlp import MLP
from projects.dmpc.interface import Tree
from shared.nn.pure import Pure, pure

HIDDEN = 256  # width of both hidden layers


def student(state: int, action: int) -> Pure:
    """apply(params, states [B, S]) -> actions [B, A], both normalised."""
    return pure(lambda rngs: MLP(state, action, HIDDEN, rngs))


def loss(net: Pure, params: Tree, states: jax.Array, actions: jax.Array) -> jax.Array:
    """Mean squared error against the planner's actions [B, A]."""
    return jnp.mean((net.apply(params, states) - actions) ** 2)
