"""Plans in latent space: the action blocks after which the predicted latent is nearest to that of a goal image.

A whole plan, from two pictures to blocks of actions, is one compiled program over a group of episodes. Every episode has a random key
of its own, so its plan does not depend on its company.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from projects.lewm.rollout import unroll
from projects.lewm.solvers import Cost, solver

GROUP = 10  # episodes of one call; an accelerator searches for all of them at once
TOKENS = 512  # of samples that are predicted together on a CPU: what fits its caches, where a frame has a latent per patch


class Plans(NamedTuple):
    blocks: jax.Array  # [E, H, 5A], normalised actions
    costs: jax.Array  # [E, iterations], squared distance to the goal's latent of the best plan that an iteration tried


def planner(model: Any, plan: ConfigDict, window: int, low: jax.Array, high: jax.Array) -> Callable[..., Plans]:
    """Compiled (variables, frames, past, goals, keys) -> Plans, for a `model` with the methods encode, modulations and extend.

    frames [E, T0, height, width, 3] uint8 are what was seen up to now, past [E, T0 - 1, 5A] the normalised blocks between them, goals
    [E, height, width, 3] uint8. `window` is the predictor's history in frames; low and high [5A] bound normalised actions.
    """
    solve = solver(plan, low, high)

    def of_one(variables: Any, start: jax.Array, past: jax.Array, goal: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        cost = terminal_cost(model, variables, start, past, goal, window)
        found = solve(cost, key, (plan.horizon, low.shape[0]))
        return found.plan, found.costs.min(-1)

    def of_group(variables: Any, frames: jax.Array, past: jax.Array, goals: jax.Array, keys: jax.Array) -> Plans:
        start, goal = (model.encode(variables, images.astype(jnp.float32) / 255) for images in (frames, goals))
        together = len(keys) if jax.default_backend() != "cpu" and math.prod(goal.shape[1:-1]) == 1 else None  # one fits a CPU's caches
        return Plans(*jax.lax.map(lambda one: of_one(variables, *one), (start, past, goal, keys), batch_size=together))

    return jax.jit(of_group)


def terminal_cost(model: Any, variables: Any, start: jax.Array, past: jax.Array, goal: jax.Array, window: int) -> Cost:
    """Squared distance [S] from the last predicted latent to goal [D...] under plans [S, H, 5A], after frames start [T0, D...] and the
    blocks past [T0 - 1, 5A] between them. What is not a number counts as infinitely far."""

    def cost(plans: jax.Array) -> jax.Array:
        count = parts(len(plans), math.prod(goal.shape[:-1])) if jax.default_backend() == "cpu" else 1
        return jax.lax.map(of_part, plans.reshape(count, -1, *plans.shape[1:])).reshape(-1)

    def of_part(plans: jax.Array) -> jax.Array:
        samples = len(plans)
        blocks = jnp.concatenate([jnp.broadcast_to(past, (samples, *past.shape)), plans], 1)
        frames = [jnp.broadcast_to(frame, (samples, *frame.shape)) for frame in start]
        conditions = [model.modulations(variables, blocks[:, step]) for step in range(blocks.shape[1])]
        last = unroll(partial(model.extend, variables), frames, conditions, window)[-1]
        off = (last.astype(jnp.float32) - goal) ** 2
        total = off.reshape(samples, -1).sum(-1)
        return jnp.where(jnp.isnan(total), jnp.inf, total)

    return cost


def parts(samples: int, places: int) -> int:
    """How many equal parts of the samples have at most TOKENS latents each, with `places` latents per frame, or one sample."""
    count = min(samples, -(-samples * places // TOKENS))
    return next(parts for parts in range(count, samples + 1) if samples % parts == 0)
