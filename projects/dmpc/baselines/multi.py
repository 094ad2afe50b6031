"""Models of a whole horizon in one shot: rho and p_d as they are, and an MLP that has to say all states at once.

Nothing in them is causal: a later action may change an earlier state, unless they have learned that it does not.
"""

import jax
import jax.numpy as jnp

from projects.dmpc import denoisers
from projects.dmpc.baselines.histories import masked_mean, recent
from projects.dmpc.baselines.interface import Batch, Dynamics, Proposal, Sampler, Sizes, Tree
from projects.dmpc.baselines.mlp import ensemble
from shared import diffusion


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


def diffusion_dynamics(sizes: Sizes, sampler: Sampler) -> Dynamics:
    """p_d."""
    net = denoisers.dynamics(**sizes.network)

    def loss(params: Tree, batch: Batch, key: jax.Array) -> jax.Array:
        given = *recent(batch["history"], batch["past"], sizes.history), batch["actions"]
        denoise = lambda x, k: net.apply(params, x, k, *given)  # noqa: E731
        return diffusion.loss(sampler.process, denoise, batch["states"], key, batch["mask"])

    def roll(params: Tree, history: jax.Array, past: jax.Array, actions: jax.Array, key: jax.Array) -> jax.Array:
        given = *recent(history, past, sizes.history), actions
        noise = jax.random.normal(key, (len(actions), sizes.horizon, sizes.state))
        denoise = lambda x, k: net.apply(params, x, k, *given)  # noqa: E731
        return diffusion.ddim(sampler.process, denoise, noise, sampler.steps, sampler.clip)

    return Dynamics(net.init, net.axes, loss, roll)


def diffusion_proposal(sizes: Sizes, sampler: Sampler) -> Proposal:
    """rho."""
    net = denoisers.proposal(**sizes.network)

    def loss(params: Tree, batch: Batch, key: jax.Array) -> jax.Array:
        known = recent(batch["history"], batch["past"], sizes.history)
        denoise = lambda x, k: net.apply(params, x, k, *known)  # noqa: E731
        return diffusion.loss(sampler.process, denoise, batch["actions"], key, batch["mask"])

    def draw(params: Tree, history: jax.Array, past: jax.Array, key: jax.Array) -> jax.Array:
        known = recent(history, past, sizes.history)
        noise = jax.random.normal(key, (len(history), sizes.horizon, sizes.action))
        denoise = lambda x, k: net.apply(params["proposal"], x, k, *known)  # noqa: E731
        return diffusion.ddim(sampler.process, denoise, noise, sampler.steps, sampler.clip)

    return Proposal(net.init, net.axes, loss, draw)
