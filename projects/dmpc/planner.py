"""Planners: how the next actions are found with what has been trained.

  ranked    sample, score, rank: the first candidate with the highest score is the plan, without elites, refinement or averages (D-MPC)
  cloned    what the proposal would do: the diffusion policy, or behaviour cloning
  guided    candidates of a joint model, drawn towards a larger score, then ranked (Diffuser)
  averaged  candidates that are averaged by the exponential of their return (MBOP)

Each is one compiled program over a group of episodes, (variables, history, past, before, alive, keys) -> Plan, from what was seen to the
winner. Every episode has a random key of its own, so its plan does not depend on its company. On a CPU nothing is computed for one that is
over; elsewhere all are planned for together, and what is found for such a one is thrown away.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from projects.dmpc.baselines import mbop
from projects.dmpc.objectives import Objective, checked
from shared.lowering import Program, parameter_count

Tree = Any


class Plan(NamedTuple):
    """In the environment's units."""

    actions: jax.Array  # [E, F, A] of the winner, in [-1, 1]
    winner: jax.Array  # [E], which of the candidates it is; of an average the one that weighs most
    scores: jax.Array  # [E, N]; [E, 0] where nothing was scored
    states: jax.Array | None  # [E, F, S], a prediction of what follows from the actions, where there is one


Find = Callable[..., Plan]  # variables, history, past, before, key of one episode -> its plan


def planner(agent: Any, plan: ConfigDict, objective: Objective | None) -> Callable[..., Plan]:
    """Compiled (variables, history, past, before, alive, keys) -> Plan, for an `agent` as in trained.py and a config's section `plan`.

    history [E, H, S] are the last states, past [E, H, A] the action before each of them, before [E, F, A] the plan of the step before (0 at
    first), alive [E] bool, keys [E]. A score that is no number never wins; where all are none, the first candidate does, and `scores`
    tells. `objective` may be None where nothing is ranked by one. Raises BadInput where it makes no score per candidate.
    """
    if plan.kind == "mbop":
        return compiled(averaged(agent, plan))
    if plan.kind == "guided":
        return compiled(guided(agent, plan, checked(objective, agent, plan.candidates)))
    if plan.candidates == 1:
        return compiled(cloned(agent))
    return compiled(ranked(agent, plan, checked(objective, agent, plan.candidates * plan.samples)))


def ranked(agent: Any, plan: ConfigDict, score: Objective) -> Find:
    """N candidates, the states after each M times; a candidate's score is their mean. A policy that took turns with the dynamics is judged
    by the states in which it acted, unless there are to be several."""
    candidates, samples = plan.candidates, plan.samples

    def find(variables: Tree, history: jax.Array, past: jax.Array, before: jax.Array, key: jax.Array) -> Plan:
        acting, moving = jax.random.split(key)
        actions, states = agent.propose(variables, *copies(candidates, history, past), acting)  # [N, F, A], [N, F, S]
        each = jnp.repeat(actions, samples, 0)  # [N * M, F, A]
        if states is None or samples > 1:
            states = agent.predict(variables, *copies(len(each), history, past), each, moving)  # [N * M, F, S]
        scores = score(variables, history[None, -1], states[None], each[None]).reshape(candidates, samples).mean(1)
        winner = best(scores)
        return Plan(actions[winner], winner, scores, states[winner * samples])

    return find


def cloned(agent: Any) -> Find:
    """One candidate, the first that `ranked` would have; nothing is predicted."""

    def find(variables: Tree, history: jax.Array, past: jax.Array, before: jax.Array, key: jax.Array) -> Plan:
        acting, _ = jax.random.split(key)
        actions, _ = agent.propose(variables, *copies(1, history, past), acting)
        return Plan(actions[0], jnp.int32(0), jnp.zeros(0), None)

    return find


def guided(agent: Any, plan: ConfigDict, score: Objective) -> Find:
    """N candidates of the joint model."""

    def find(variables: Tree, history: jax.Array, past: jax.Array, before: jax.Array, key: jax.Array) -> Plan:
        def value(now: jax.Array, states: jax.Array, actions: jax.Array) -> jax.Array:
            return score(variables, now[:1], states[None], actions[None])[0]

        (known,) = copies(plan.candidates, history)
        actions, states = agent.imagine(variables, known, key, value)
        actions = jnp.clip(actions, -1.0, 1.0)
        scores = value(known[:, -1], states, actions)
        winner = best(scores)
        return Plan(actions[winner], winner, scores, states[winner])

    return find


def averaged(agent: Any, plan: ConfigDict) -> Find:
    """Scores are predicted returns over the horizon and as long again, in standard deviations of the data's rewards."""
    settings = {"samples": plan.candidates, "sigma": plan.sigma, "beta": plan.beta, "kappa": plan.kappa, "low": -1.0, "high": 1.0}

    def find(variables: Tree, history: jax.Array, past: jax.Array, before: jax.Array, key: jax.Array) -> Plan:
        actions, scores = mbop.trajopt(mbop.models(agent.parts, variables), history[-1], before, key, **settings)
        return Plan(actions, best(scores), scores, None)

    return find


def best(scores: jax.Array) -> jax.Array:
    """The first of the highest that are numbers."""
    return jnp.argmax(jnp.where(jnp.isnan(scores), -jnp.inf, scores))


def in_company() -> bool:
    """Whether episodes are planned for together: not on a CPU, since the candidates of one fill it."""
    return jax.default_backend() != "cpu"


def compiled(find: Find, together: bool | None = None) -> Callable[..., Plan]:
    """Over episodes, together or one after the other, as in_company says unless given. One after the other, those that are over cost
    nothing; together, cond becomes a choice between what was computed for all."""
    joined = in_company() if together is None else together
    think = jax.jit(find)  # so that it is traced once for its shapes and for its plan

    def of_one(variables: Tree, *known: jax.Array) -> Plan:
        *seen, alive, key = known
        shapes = jax.eval_shape(think, variables, *seen, key)
        nothing = lambda *_: jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)  # noqa: E731
        return jax.lax.cond(alive, think, nothing, variables, *seen, key)

    def of_all(variables: Tree, history: jax.Array, past: jax.Array, before: jax.Array, alive: jax.Array, keys: jax.Array) -> Plan:
        known = history, past, before, alive, keys
        if joined:  # not map's batch_size, which cannot reshape scores that are none
            return jax.vmap(lambda *one: of_one(variables, *one))(*known)
        return jax.lax.map(lambda one: of_one(variables, *one), known)

    return jax.jit(of_all)


def planning(agent: Any, find: Callable[..., Plan], episodes: int) -> Program:
    """The plans of so many episodes, on one device; how often they are made is the caller's to say."""
    shaped = jax.ShapeDtypeStruct
    given = (
        shaped((episodes, agent.history, agent.states), jnp.float32), shaped((episodes, agent.history, agent.actions), jnp.float32),
        shaped((episodes, agent.horizon, agent.actions), jnp.float32), shaped((episodes,), bool),
        jax.eval_shape(lambda: jax.random.split(jax.random.key(0), episodes)),
    )  # fmt: skip
    weights = [variables["weights"] for variables in agent.abstract.values()]
    return Program(f"plans of {episodes} episodes", find, (agent.abstract, *given), 1, parameter_count(weights))


def copies(count: int, *arrays: jax.Array) -> tuple[jax.Array, ...]:
    """[...] -> [count, ...] each."""
    return tuple(jnp.broadcast_to(array, (count, *array.shape)) for array in arrays)
