"""MBOP-Trajopt (Argenson and Dulac-Arnold, 2021, algorithm 2): actions that behaviour cloning would take, with noise and drawn towards the
plan of the step before, are rolled out and averaged by the exponential of their return.

The published indices of plans and of candidates begin with 0 and 1; here both begin with 0, the action to be taken now. To the policy the
action before is the one it named itself, not the mixture that was carried out, as published.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from projects.dmpc.baselines import mlp
from projects.dmpc.interface import Model, Sizes, Tree
from projects.dmpc.units import scales


class Models(NamedTuple):
    """Functions over rows s [N, S] and a [N, A], with the answers of all K members."""

    behave: Callable[[jax.Array, jax.Array], jax.Array]  # s, action before -> a [K, N, A]
    move: Callable[[jax.Array, jax.Array], tuple[jax.Array, jax.Array]]  # s, a -> next s [K, N, S], r [K, N]
    rest: Callable[[jax.Array, jax.Array], jax.Array]  # s, action before -> return from there on [K, N]


def trajopt(models: Models, state: jax.Array, plan: jax.Array, key: jax.Array, *, samples: int, sigma: float, beta: float, kappa: float,
            low: jax.Array, high: jax.Array) -> tuple[jax.Array, jax.Array]:  # fmt: skip
    """From s_t [S] and the plan of the step before [F, A] (zeros at first) to a new plan [F, A], whose first action is to be taken, and the
    returns of its candidates [N]. A return that is no number weighs nothing.

    sigma: standard deviation of the noise on actions; beta: share of the old plan in candidates; kappa: per unit of return, 0 for the plain
    mean of the candidates. low and high [A] bound candidates, since models know nothing of what environments would clip.
    """
    rows = jnp.arange(samples)

    def own(said: jax.Array) -> jax.Array:
        """Candidate n goes by member n mod K: [K, N, ...] -> [N, ...]."""
        return said[rows % len(said), rows]

    def one(carry: tuple[jax.Array, ...], inputs: tuple[jax.Array, jax.Array]) -> tuple[tuple, jax.Array]:
        state, action, total = carry
        old, key = inputs
        action = own(models.behave(state, action)) + sigma * jax.random.normal(key, action.shape)
        taken = jnp.clip((1 - beta) * action + beta * old, low, high)
        states, rewards = models.move(state, taken)
        return (own(states), action, total + rewards.mean(0)), taken

    start = jnp.broadcast_to(state, (samples, *state.shape)), jnp.broadcast_to(plan[0], (samples, *plan[0].shape)), jnp.zeros(samples)
    olds = jnp.concatenate([plan[1:], plan[-1:]])  # what it held for the same step, the last twice
    (state, _, total), taken = jax.lax.scan(one, start, (olds, jax.random.split(key, len(plan))))  # taken [F, N, A]
    total = total + models.rest(state, taken[-1]).mean(0)
    weights = jax.nn.softmax(jnp.where(jnp.isnan(total), -jnp.inf, kappa * total))
    return jnp.einsum("n,fna->fa", weights, jnp.nan_to_num(taken)), total


def models(parts: Mapping[str, Any], variables: Tree) -> Models:
    """Of the parts proposal, dynamics and truncated, all ensembles, in the environment's units; returns in standard deviations of the
    data's rewards."""
    sizes = {name: (one.sizes.state, one.sizes.action, one.sizes.hidden, one.sizes.members) for name, one in parts.items()}
    weights = {name: variables[name]["weights"] for name in parts}
    units = {name: scales(variables[name]) for name in parts}

    def behave(state: jax.Array, before: jax.Array) -> jax.Array:
        states, actions = units["proposal"]
        net = mlp.behaviour(*sizes["proposal"])
        return actions.denormalise(net.apply(weights["proposal"], states.normalise(state), actions.normalise(before)))

    def move(state: jax.Array, action: jax.Array) -> tuple[jax.Array, jax.Array]:
        states, actions = units["dynamics"]
        net = mlp.motion(*sizes["dynamics"])
        ahead, rewards = mlp.moved(net, weights["dynamics"], states.normalise(state), actions.normalise(action))
        return states.denormalise(ahead), rewards

    def rest(state: jax.Array, before: jax.Array) -> jax.Array:
        states, actions = units["truncated"]
        net = mlp.truncated(*sizes["truncated"])
        return net.apply(weights["truncated"], states.normalise(state), actions.normalise(before))[..., 0]

    return Models(behave, move, rest)


def truncated(sizes: Sizes) -> Model:
    """f_R as a part that is trained."""
    net = mlp.truncated(sizes.state, sizes.action, sizes.hidden, sizes.members)
    return Model(net.init, net.axes, lambda params, batch, key: mlp.truncated_loss(net, params, batch))
