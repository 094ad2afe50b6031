"""Models of one step, carried on: dynamics that are rolled out on their own predictions, and a policy that takes turns with them.

The diffusion models are rho and p_d with a horizon of one, trained on every step of the windows. The MLPs are those of MBOP, means over
their members.
"""

from collections.abc import Callable
from dataclasses import replace

import jax

from projects.dmpc import oneshot
from projects.dmpc.baselines import mlp
from projects.dmpc.histories import grown, steps
from projects.dmpc.interface import Batch, Dynamics, Policy, Roll, Sampler, Sizes, Step, Tree


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


def alternated(act: Callable[..., jax.Array], step: Callable[..., jax.Array], horizon: int) -> Callable[..., tuple[jax.Array, jax.Array]]:
    """(history, past, key) -> actions [B, F, A] and the states [B, F, S] after each: a policy, act(history, past, key) -> [B, A], and
    dynamics, step(history, past, action, key) -> [B, S], take turns."""

    def draw(history: jax.Array, past: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        def one(known: tuple, key: jax.Array) -> tuple[tuple, tuple[jax.Array, jax.Array]]:
            acting, moving = jax.random.split(key)
            action = act(*known, acting)
            state = step(*known, action, moving)
            return grown(*known, action, state), (action, state)

        actions, states = jax.lax.scan(one, (history, past), jax.random.split(key, horizon))[1]  # [F, B, ...]
        return actions.swapaxes(0, 1), states.swapaxes(0, 1)

    return draw


# -- MLPs -------------------------------------------------------------------------------------------------------------------------------
def mlp_dynamics(sizes: Sizes) -> Dynamics:
    net = mlp.motion(sizes.state, sizes.action, sizes.hidden, sizes.members)

    def loss(params: Tree, batch: Batch, key: jax.Array) -> jax.Array:
        return mlp.motion_loss(net, params, batch)

    def step(params: Tree, history: jax.Array, past: jax.Array, action: jax.Array, key: jax.Array) -> jax.Array:
        return mlp.moved(net, params, history[:, -1], action)[0].mean(0)

    return Dynamics(net.init, net.axes, loss, rolled(step), step)


def mlp_policy(sizes: Sizes) -> Policy:
    """It reads s_t and the action before."""
    net = mlp.behaviour(sizes.state, sizes.action, sizes.hidden, sizes.members)

    def loss(params: Tree, batch: Batch, key: jax.Array) -> jax.Array:
        return mlp.behaviour_loss(net, params, batch)

    def act(params: Tree, history: jax.Array, past: jax.Array, key: jax.Array) -> jax.Array:
        return net.apply(params, history[:, -1], past[:, -1]).mean(0)

    return Policy(net.init, net.axes, loss, act, draws=False)


def state_policy(sizes: Sizes) -> Policy:
    """It reads s_t alone."""
    net = mlp.ensemble(sizes.state, sizes.action, sizes.hidden, sizes.members)

    def loss(params: Tree, batch: Batch, key: jax.Array) -> jax.Array:
        return mlp.behaviour_loss(net, params, batch, ("history",))

    def act(params: Tree, history: jax.Array, past: jax.Array, key: jax.Array) -> jax.Array:
        return net.apply(params, history[:, -1]).mean(0)

    return Policy(net.init, net.axes, loss, act, draws=False)


# -- diffusion models -------------------------------------------------------------------------------------------------------------------
def diffusion_dynamics(sizes: Sizes, sampler: Sampler) -> Dynamics:
    model = oneshot.dynamics(replace(sizes, horizon=1), sampler)

    def loss(params: Tree, batch: Batch, key: jax.Array) -> jax.Array:
        return model.loss(params, steps(batch, sizes.history), key)

    def step(params: Tree, history: jax.Array, past: jax.Array, action: jax.Array, key: jax.Array) -> jax.Array:
        return model.roll(params, history, past, action[:, None], key)[:, 0]

    return Dynamics(model.init, model.axes, loss, rolled(step), step)


def diffusion_policy(sizes: Sizes, sampler: Sampler) -> Policy:
    model = oneshot.proposal(replace(sizes, horizon=1), sampler)

    def loss(params: Tree, batch: Batch, key: jax.Array) -> jax.Array:
        return model.loss(params, steps(batch, sizes.history), key)

    def act(params: Tree, history: jax.Array, past: jax.Array, key: jax.Array) -> jax.Array:
        return model.draw(params, history, past, key)[:, 0]

    return Policy(model.init, model.axes, loss, act, draws=True)
