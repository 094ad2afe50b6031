"""Soft Actor-Critic (Haarnoja et al. 2018, arXiv 1812.05905) as pure functions: two critics, their slow copies, and a temperature that is
learned so that the policy's entropy comes to -A.

A state is a dict: actor, critics, targets (leading axis: two), log_alpha, the three optimisers' states, and the number of updates.
Networks have two hidden layers of ReLU.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from projects.dmpc.actor import LOG_STD
from shared.fit import stream

Tree = Any
LOG_2 = 0.6931472


@dataclass(frozen=True)
class Settings:
    states: int  # S
    actions: int  # A
    width: int
    lr: float
    discount: float
    slowness: float  # share of the critics that their slow copies take over in an update


def network(key: jax.Array, sizes: tuple[int, ...]) -> Tree:
    """Kernels and biases uniform within 1 / sqrt(inputs)."""
    kernels, biases = [], []
    for layer, (inputs, outputs) in enumerate(zip(sizes[:-1], sizes[1:], strict=True)):
        bound = inputs**-0.5
        weights, shifts = jax.random.split(jax.random.fold_in(key, layer))
        kernels.append(jax.random.uniform(weights, (inputs, outputs), minval=-bound, maxval=bound))
        biases.append(jax.random.uniform(shifts, (outputs,), minval=-bound, maxval=bound))
    return {"kernels": kernels, "biases": biases}


def forward(params: Tree, inputs: jax.Array) -> jax.Array:
    """[..., inputs] -> [..., outputs]."""
    for kernel, bias in zip(params["kernels"][:-1], params["biases"][:-1], strict=True):
        inputs = jax.nn.relu(inputs @ kernel + bias)
    return inputs @ params["kernels"][-1] + params["biases"][-1]


def sample(actor: Tree, states: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Actions [B, A] in (-1, 1), and the logarithm [B] of their density."""
    mean, spread = jnp.split(forward(actor, states), 2, axis=-1)
    low, high = LOG_STD
    log_std = low + 0.5 * (high - low) * (jnp.tanh(spread) + 1)
    noise = jax.random.normal(key, mean.shape)
    before = mean + jnp.exp(log_std) * noise
    gaussian = -0.5 * noise**2 - log_std - 0.5 * jnp.log(2 * jnp.pi)
    squashing = 2 * (LOG_2 - before - jax.nn.softplus(-2 * before))  # log(1 - tanh^2), without its overflow
    return jnp.tanh(before), jnp.sum(gaussian - squashing, axis=-1)


def values(critics: Tree, states: jax.Array, actions: jax.Array) -> jax.Array:
    """Of both critics, [2, B]."""
    inputs = jnp.concatenate([states, actions], axis=-1)
    return jax.vmap(lambda critic: forward(critic, inputs)[:, 0])(critics)


def init(settings: Settings, key: jax.Array) -> Tree:
    first, second = jax.random.split(key)
    hidden = (settings.width, settings.width)
    actor = network(first, (settings.states, *hidden, 2 * settings.actions))
    critics = jax.vmap(lambda key: network(key, (settings.states + settings.actions, *hidden, 1)))(jax.random.split(second))
    log_alpha, adam = jnp.float32(0), optax.adam(settings.lr)
    moments = {"actor": adam.init(actor), "critics": adam.init(critics), "log_alpha": adam.init(log_alpha)}
    # copies, for the state is given away to the update, and nothing can be given twice
    targets = jax.tree.map(jnp.copy, critics)
    return {"actor": actor, "critics": critics, "targets": targets, "log_alpha": log_alpha, "moments": moments, "updates": jnp.int32(0)}


def update(settings: Settings, key: jax.Array, state: Tree, batch: Tree) -> tuple[Tree, Tree]:
    """One step of every part on a batch of transitions (states, actions, rewards, failed, next_states; [B, ...]); the new state and
    its numbers. An episode that ended by its time limit goes on in the values; one that failed does not."""
    following, acting = jax.random.split(jax.random.fold_in(key, state["updates"]))
    alpha = jnp.exp(state["log_alpha"])

    next_actions, next_density = sample(state["actor"], batch["next_states"], following)
    ahead = values(state["targets"], batch["next_states"], next_actions).min(axis=0) - alpha * next_density
    goal = batch["rewards"] + settings.discount * jnp.where(batch["failed"], 0.0, ahead)  # [B]

    def critics_loss(critics: Tree) -> tuple[jax.Array, jax.Array]:
        found = values(critics, batch["states"], batch["actions"])
        return jnp.sum(jnp.mean((found - goal) ** 2, axis=1)), found.mean()

    def actor_loss(actor: Tree) -> tuple[jax.Array, jax.Array]:
        actions, density = sample(actor, batch["states"], acting)
        return jnp.mean(alpha * density - values(state["critics"], batch["states"], actions).min(axis=0)), density.mean()

    (error, value), to_critics = jax.value_and_grad(critics_loss, has_aux=True)(state["critics"])
    (_, density), to_actor = jax.value_and_grad(actor_loss, has_aux=True)(state["actor"])
    to_alpha = settings.actions - density  # the density is too high where the entropy is below -A: alpha grows
    gradients = {"actor": to_actor, "critics": to_critics, "log_alpha": to_alpha}

    moved, moments = {}, {}
    for part, gradient in gradients.items():
        change, moments[part] = optax.adam(settings.lr).update(gradient, state["moments"][part])
        moved[part] = optax.apply_updates(state[part], change)
    targets = optax.incremental_update(moved["critics"], state["targets"], settings.slowness)
    numbers = {"critics": error, "value": value, "entropy": -density, "alpha": alpha}
    return {**moved, "targets": targets, "moments": moments, "updates": state["updates"] + 1}, numbers


def updater(settings: Settings, seed: int) -> Callable[[Tree, Tree], tuple[Tree, Tree]]:
    """(state, batches [U, B, ...]) -> (state, mean numbers) after U updates, in one program."""
    one = partial(update, settings, stream({"seed": seed}, "train"))

    def many(state: Tree, batches: Tree) -> tuple[Tree, Tree]:
        state, numbers = jax.lax.scan(one, state, batches)
        return state, jax.tree.map(jnp.mean, numbers)

    return jax.jit(many, donate_argnums=0)
