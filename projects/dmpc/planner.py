"""Sample, score, rank: the first candidate with the highest score is the plan, without elites, refinement or averages.

A whole plan, from what was seen to the winner, is one compiled program over a group of episodes. Every episode has a random key of its own,
so its plan does not depend on its company. With one candidate it is the diffusion policy.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from projects.dmpc.objectives import Objective, checked

Tree = Any


class Plan(NamedTuple):
    """In the environment's units."""

    actions: jax.Array  # [E, F, A] of the winner, in [-1, 1]
    winner: jax.Array  # [E], which of the candidates it is
    scores: jax.Array  # [E, N]
    states: jax.Array  # [E, F, S], a prediction of what follows from the actions


def planner(agent: Any, plan: ConfigDict, objective: Objective) -> Callable[..., Plan]:
    """Compiled (variables, history, past, keys) -> Plan, for an `agent` as in trained.py and a config's section `plan`. N candidates, the
    states after each M times.

    history [E, H, S] are the last states, past [E, H - 1, A] the actions between them, keys [E]. A score that is no number never wins;
    where all are none, the first candidate does, and `scores` tells. Raises BadInput where the objective makes no score per candidate.
    """
    candidates, samples = plan.candidates, plan.samples
    score = checked(objective, agent, candidates * samples)

    def of_one(variables: Tree, history: jax.Array, past: jax.Array, key: jax.Array) -> Plan:
        acting, moving = jax.random.split(key)
        known = copies(candidates, history, past)
        actions = jnp.clip(agent.propose(variables, *known, acting, plan.proposal_steps), -1.0, 1.0)  # [N, F, A]
        each = jnp.repeat(actions, samples, 0)  # [N * M, F, A]
        states = agent.predict(variables, *copies(len(each), history, past), each, moving, plan.dynamics_steps)  # [N * M, F, S]
        scores = score(variables, history[None, -1], states[None], each[None]).reshape(candidates, samples).mean(1)
        winner = jnp.argmax(jnp.where(jnp.isnan(scores), -jnp.inf, scores))  # the first of several
        return Plan(actions[winner], winner, scores, states[winner * samples])

    def of_all(variables: Tree, history: jax.Array, past: jax.Array, keys: jax.Array) -> Plan:
        together = None if jax.default_backend() == "cpu" else len(keys)  # the candidates of one episode fill a CPU
        return jax.lax.map(lambda one: of_one(variables, *one), (history, past, keys), batch_size=together)

    return jax.jit(of_all)


def copies(count: int, *arrays: jax.Array) -> tuple[jax.Array, ...]:
    """[...] -> [count, ...] each."""
    return tuple(jnp.broadcast_to(array, (count, *array.shape)) for array in arrays)
