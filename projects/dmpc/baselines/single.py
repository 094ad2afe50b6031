"""Models of one step, carried on: dynamics that are rolled out on their own predictions, and a policy that takes turns with them.

The diffusion models are rho and p_d with a horizon of one, trained on every step of the windows. The MLPs are those of MBOP, means over
their members, where a policy's noise makes candidates differ.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp

from projects.dmpc.baselines import mlp, multi
from projects.dmpc.baselines.histories import grown, recent, steps
from projects.dmpc.baselines.interface import Batch, Dynamics, Policy, Proposal, Roll, Sampler, Sizes, Step, Tree


# -- carried on -------------------------------------------------------------------------------------------------------------------------
def rolled(step: Step) -> Roll:
    """A step for every action, each from where the one before led."""

    def roll(params: Tree, history: jax.Array, past: jax.Array, actions: jax.Array, key: jax.Array) -> jax.Array:
        def one(known: tuple, inputs: tuple) -> tuple[tuple, jax.Array]:
            action, key = inputs
            state = step(params, *known, action, key)
            return grown(*known, action, state), state

        inputs = actions.swapaxes(0, 1), jax.random.split(key, actions.shape[1])
        return jax.lax.scan(one, (history, past), inputs)[1].swapaxes(0, 1)

    return roll


def alternated(policy: Policy, step: Step, horizon: int, low: jax.Array, high: jax.Array) -> Proposal:
    """The policy acts, within low and high [A], and the dynamics answer, `horizon` times."""

    def draw(params: Tree, history: jax.Array, past: jax.Array, key: jax.Array) -> jax.Array:
        def one(known: tuple, key: jax.Array) -> tuple[tuple, jax.Array]:
            acting, moving = jax.random.split(key)
            action = jnp.clip(policy.act(params["proposal"], *known, acting), low, high)
            return grown(*known, action, step(params["step"], *known, action, moving)), action

        return jax.lax.scan(one, (history, past), jax.random.split(key, horizon))[1].swapaxes(0, 1)

    return Proposal(policy.init, policy.axes, policy.loss, draw)


# -- MLPs -------------------------------------------------------------------------------------------------------------------------------
def mlp_dynamics(sizes: Sizes) -> Dynamics:
    net = mlp.motion(sizes.state, sizes.action, sizes.hidden, sizes.members)

    def loss(params: Tree, batch: Batch, key: jax.Array) -> jax.Array:
        return mlp.motion_loss(net, params, batch)

    def step(params: Tree, history: jax.Array, past: jax.Array, action: jax.Array, key: jax.Array) -> jax.Array:
        return mlp.moved(net, params, history[:, -1], action)[0].mean(0)

    return Dynamics(net.init, net.axes, loss, rolled(step), step)


def mlp_policy(sizes: Sizes, noise: float) -> Policy:
    """`noise`: standard deviation. It reads a history of two states, for the action between them."""
    net = mlp.behaviour(sizes.state, sizes.action, sizes.hidden, sizes.members)

    def loss(params: Tree, batch: Batch, key: jax.Array) -> jax.Array:
        return mlp.behaviour_loss(net, params, batch)

    def act(params: Tree, history: jax.Array, past: jax.Array, key: jax.Array) -> jax.Array:
        history, past = recent(history, past, 2)
        action = net.apply(params, history[:, 1], past[:, 0]).mean(0)
        return action + noise * jax.random.normal(key, action.shape)

    return Policy(net.init, net.axes, loss, act)


# -- diffusion models -------------------------------------------------------------------------------------------------------------------
def diffusion_dynamics(sizes: Sizes, sampler: Sampler) -> Dynamics:
    model = multi.diffusion_dynamics(replace(sizes, horizon=1), sampler)

    def loss(params: Tree, batch: Batch, key: jax.Array) -> jax.Array:
        return model.loss(params, steps(batch, sizes.history), key)

    def step(params: Tree, history: jax.Array, past: jax.Array, action: jax.Array, key: jax.Array) -> jax.Array:
        return model.roll(params, history, past, action[:, None], key)[:, 0]

    return Dynamics(model.init, model.axes, loss, rolled(step), step)


def diffusion_policy(sizes: Sizes, sampler: Sampler) -> Policy:
    model = multi.diffusion_proposal(replace(sizes, horizon=1), sampler)

    def loss(params: Tree, batch: Batch, key: jax.Array) -> jax.Array:
        return model.loss(params, steps(batch, sizes.history), key)

    def act(params: Tree, history: jax.Array, past: jax.Array, key: jax.Array) -> jax.Array:
        return model.draw({"proposal": params}, history, past, key)[:, 0]

    return Policy(model.init, model.axes, loss, act)
