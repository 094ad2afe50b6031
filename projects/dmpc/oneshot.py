"""rho and p_d: models of a whole horizon in one shot, behind the interface that others have too.

Nothing in them is causal: a later action may change an earlier state, unless they have learned that it does not.
"""

import jax

from projects.dmpc import denoisers
from projects.dmpc.histories import recent
from projects.dmpc.interface import Batch, Dynamics, Proposal, Sampler, Sizes, Tree
from shared import diffusion


def proposal(sizes: Sizes, sampler: Sampler) -> Proposal:
    """rho."""
    net = denoisers.proposal(**sizes.network)

    def loss(params: Tree, batch: Batch, key: jax.Array) -> jax.Array:
        known = recent(batch["history"], batch["past"], sizes.history)
        denoise = lambda x, k: net.apply(params, x, k, *known)  # noqa: E731
        return diffusion.loss(sampler.process, denoise, batch["actions"], key, batch["mask"])

    def draw(params: Tree, history: jax.Array, past: jax.Array, key: jax.Array) -> jax.Array:
        known = recent(history, past, sizes.history)
        noise = jax.random.normal(key, (len(history), sizes.horizon, sizes.action))
        denoise = lambda x, k: net.apply(params, x, k, *known)  # noqa: E731
        return diffusion.ddim(sampler.process, denoise, noise, sampler.steps, sampler.clip)

    return Proposal(net.init, net.axes, loss, draw)


def dynamics(sizes: Sizes, sampler: Sampler) -> Dynamics:
    """p_d. In training the actions are clean."""
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
