"""Sample, score, rank with the simulator itself in the place of the dynamics: what a planner that is never wrong would reach.

It is an upper bound for dynamics, not a method: it looks at the true state of every episode and at the defect of its world. The simulator
runs on the host, so a plan is a loop over episodes around two compiled programs. From the end of a predicted episode on its last state
repeats and nothing is done, as in the windows that the value has learned from.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from projects.dmpc.envs import Environments, rollout
from projects.dmpc.objectives import Objective, checked
from projects.dmpc.planner import Plan, best, copies
from shared.lowering import Program, parameter_count

Tree = Any


def planner(agent: Any, plan: ConfigDict, objective: Objective, worlds: Environments, tried: Environments) -> Callable[..., Plan]:
    """As planner.py's of kind ssr, with the same candidates. `worlds` are the episodes as they stand, `tried` N copies of the same
    environment for what would follow. Raises BadInput where the objective makes no score per candidate."""
    count = plan.candidates
    propose, judge = thinking(agent, plan, objective)

    def find(variables: Tree, history: jax.Array, past: jax.Array, before: jax.Array, alive: jax.Array, keys: jax.Array) -> Plan:
        actions = np.zeros((len(alive), count, *before.shape[1:]), np.float32)  # [E, N, F, A]
        scores, winner = np.zeros((len(alive), count), np.float32), np.zeros(len(alive), np.int32)
        for episode in np.flatnonzero(alive):
            actions[episode] = propose(variables, history[episode], past[episode], keys[episode])
            truth = (np.repeat(state[episode][None], count, 0) for state in (worlds.qpos, worlds.qvel))
            states, real = rollout(tried, *truth, actions[episode])  # [N, F, S], [N, F]
            carried = actions[episode] * real[..., None]  # behind an end J has learned to see none
            scores[episode], winner[episode] = judge(variables, history[episode, -1], states, carried)
        return Plan(actions[np.arange(len(alive)), winner], winner, scores, None)

    return find


def thinking(agent: Any, plan: ConfigDict, objective: Objective) -> tuple[Callable, Callable]:
    """What is compiled: history, past, key of an episode -> its candidates [N, F, A]; s_t, states and actions of all -> scores [N] and the
    winner."""
    score = checked(objective, agent, plan.candidates)

    def propose(variables: Tree, history: jax.Array, past: jax.Array, key: jax.Array) -> jax.Array:
        acting, _ = jax.random.split(key)
        actions, _ = agent.propose(variables, *copies(plan.candidates, history, past), acting)
        return actions

    def judge(variables: Tree, now: jax.Array, states: jax.Array, actions: jax.Array) -> tuple[jax.Array, jax.Array]:
        (scores,) = score(variables, now[None], states[None], actions[None])
        return scores, best(scores)

    return jax.jit(propose), jax.jit(judge)


def programs(agent: Any, plan: ConfigDict, objective: Objective, calls: int) -> list[Program]:
    """Both, on one device; what the simulator does in between is not counted."""
    propose, judge = thinking(agent, plan, objective)
    shaped = lambda *shape: jax.ShapeDtypeStruct(shape, np.float32)  # noqa: E731
    seen = shaped(agent.history, agent.states), shaped(agent.history, agent.actions), jax.eval_shape(lambda: jax.random.key(0))
    plans = (plan.candidates, agent.horizon)
    tried = shaped(agent.states), shaped(*plans, agent.states), shaped(*plans, agent.actions)
    count = parameter_count([variables["weights"] for variables in agent.abstract.values()])
    return [Program(name, function, (agent.abstract, *given), calls, count)
            for name, function, given in (("candidates of an episode", propose, seen), ("their scores", judge, tried))]  # fmt: skip
