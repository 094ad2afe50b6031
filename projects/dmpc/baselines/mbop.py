"""MBOP-Trajopt (Argenson and Dulac-Arnold, 2021, algorithm 2): actions that behaviour cloning would take, with noise and drawn towards the
plan of the step before, are rolled out and averaged by the exponential of their return.

The published indices of plans and of candidates begin with 0 and 1; here both begin with 0, the action to be taken now. To the policy the
action before is the one it named itself, not the mixture that was carried out, as published.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from projects.dmpc.baselines.interface import Tree
from projects.dmpc.baselines.mlp import Ensemble, moved


class Models(NamedTuple):
    """Functions over rows s [N, S] and a [N, A], with the answers of all K members."""

    behave: Callable[[jax.Array, jax.Array], jax.Array]  # s, action before -> a [K, N, A]
    move: Callable[[jax.Array, jax.Array], tuple[jax.Array, jax.Array]]  # s, a -> next s [K, N, S], r [K, N]
    rest: Callable[[jax.Array, jax.Array], jax.Array]  # s, action before -> return from there on [K, N]


def trajopt(models: Models, state: jax.Array, plan: jax.Array, key: jax.Array, *, samples: int, sigma: float, beta: float, kappa: float,
            low: jax.Array, high: jax.Array) -> jax.Array:  # fmt: skip
    """From s_t [S] and the plan of the step before [F, A] (zeros at first) to a new plan [F, A], whose first action is to be taken.

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
    return jnp.einsum("n,fna->fa", jax.nn.softmax(kappa * total), taken)


def planner(motion: Ensemble, behaviour: Ensemble, truncated: Ensemble, **settings: Any) -> Callable[..., jax.Array]:
    """Compiled (params, states [E, S], plans [E, F, A], keys [E]) -> plans [E, F, A] for E environments; `settings` are trajopt's.

    params: {"motion", "behaviour", "truncated"}. An environment's plan does not depend on its company.
    """

    def plan(params: Tree, states: jax.Array, plans: jax.Array, keys: jax.Array) -> jax.Array:
        models = Models(
            behave=partial(behaviour.apply, params["behaviour"]),
            move=partial(moved, motion, params["motion"]),
            rest=lambda state, before: truncated.apply(params["truncated"], state, before)[..., 0],
        )
        return jax.vmap(lambda *one: trajopt(models, *one, **settings))(states, plans, keys)

    return jax.jit(plan)
