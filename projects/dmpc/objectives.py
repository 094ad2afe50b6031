"""What a planner ranks its candidates by: the return that J has learned, a reward that nobody trained for, or both.

An objective is a pure function (variables, now [E, S], states [E, N, F, S], actions [E, N, F, A]) -> scores [E, N], larger is better, in
the environment's units; `variables` are those of the agent's parts, which one of your own need not look at.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from shared.errors import BadInput, said

Tree = Any
Objective = Callable[[Tree, jax.Array, jax.Array, jax.Array], jax.Array]
HEIGHTS = {"hopper": 0, "walker2d": 0}  # environment -> which number of its observation is the height of the torso, m
PEAK = 5.0  # reward of a step at the target


def learned(agent: Any) -> Objective:
    """J's return, by the agent's `worth`."""

    def objective(variables: Tree, now: jax.Array, states: jax.Array, actions: jax.Array) -> jax.Array:
        shape = states.shape[:2]
        now = jnp.broadcast_to(now[:, None], (*shape, now.shape[-1]))
        flat = (leaf.reshape(-1, *leaf.shape[2:]) for leaf in (now, states, actions))  # [E * N, ...]
        return agent.worth(variables, *flat).reshape(shape)

    return objective


def height(name: str, target: float, variance: float) -> Objective:
    """The sum over predicted states of a narrow bell around a target height, m and m^2. Raises BadInput where a state tells no height."""
    place = place_of(name)

    def objective(variables: Tree, now: jax.Array, states: jax.Array, actions: jax.Array) -> jax.Array:
        return bell(states[..., place], target, variance).sum(-1)

    return objective


def bell(heights: jax.Array, target: float, variance: float) -> jax.Array:
    """The reward of a step, 5 exp(-(height - target)^2 / (2 variance)); numpy or JAX."""
    return PEAK * jnp.exp(-((heights - target) ** 2) / (2 * variance))


def place_of(name: str) -> int:
    if name not in HEIGHTS:
        raise BadInput(f"{name} tells no height: take {' or '.join(HEIGHTS)}, or objective.kind=return")
    return HEIGHTS[name]


def weighted(*terms: tuple[float, Objective]) -> Objective:
    """The sum of objectives by their weights."""

    def objective(variables: Tree, now: jax.Array, states: jax.Array, actions: jax.Array) -> jax.Array:
        return sum(weight * term(variables, now, states, actions) for weight, term in terms)

    return objective


def of(wanted: ConfigDict, name: str, agent: Any) -> Objective:
    """That of a config's section `objective`, in the environment `name`; where nothing is ranked it is never called. Raises BadInput where
    that tells no height."""
    if wanted.kind == "return":
        return learned(agent)
    novel = height(name, wanted.target, wanted.variance)
    if wanted.kind == "height":
        return novel
    terms = (wanted.return_weight, learned(agent)), (wanted.height_weight, novel)
    return weighted(*(term for term in terms if term[0]))  # what weighs nothing is not asked: there may be no J


def checked(objective: Objective, agent: Any, candidates: int) -> Objective:
    """The same, in float32. Raises BadInput unless it makes one score per candidate."""
    now, states, actions = (
        jax.ShapeDtypeStruct((1, *shape), jnp.float32)
        for shape in ((agent.states,), (candidates, agent.horizon, agent.states), (candidates, agent.horizon, agent.actions))
    )
    try:
        found = jax.eval_shape(objective, agent.abstract, now, states, actions)
    except Exception as error:  # it may be anybody's code
        raise BadInput(f"the objective cannot read states {list(states.shape)}: {said(error)}") from None
    shape = getattr(found, "shape", None)
    if shape != (1, candidates):
        raise BadInput(f"the objective makes {shape} of states {list(states.shape)}: make one score per candidate, {[1, candidates]}")
    return lambda *words: objective(*words).astype(jnp.float32)
