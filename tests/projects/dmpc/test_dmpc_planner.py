"""Sample, score, rank: the winner is the best of the candidates that the samplers draw, alone and in company."""

from functools import cache

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from dmpc_agents import Perfect, around, keys, networks, tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.dmpc import objectives
from projects.dmpc.planner import copies, planner
from shared.errors import BadInput

E, N, H, F, S, A = 3, 8, 2, 4, 4, 2
HISTORY = np.random.default_rng(0).normal(size=(E, H, S)).astype(np.float32)
PAST = np.random.default_rng(1).uniform(-1, 1, (E, H - 1, A)).astype(np.float32)


def wanted(**changes):
    return tiny(**({"plan__candidates": N, "plan__proposal_steps": 3, "plan__dynamics_steps": 2} | changes)).plan


def planned(objective=None, order=range(E), plan=None):
    agent, variables = networks()
    find = planner(agent, plan or wanted(), objective or objectives.learned(agent))
    order = np.array(list(order))
    return jax.device_get(find(variables, HISTORY[order], PAST[order], keys(E)[order]))


@cache
def asked():
    """The parts of the agent, each as a program of its own."""
    agent, variables = networks()
    propose = jax.jit(lambda *words: agent.propose(variables, *words, 3))
    predict = jax.jit(lambda *words: agent.predict(variables, *words, 2))
    return propose, predict, jax.jit(lambda *words: agent.worth(variables, *words))


def candidates(episode, plan):
    """Actions [N, F, A], states [N * M, F, S] and scores [N] of an episode."""
    propose, predict, worth = asked()
    acting, moving = jax.random.split(keys(E)[episode])
    actions = propose(*copies(plan.candidates, HISTORY[episode], PAST[episode]), acting).clip(-1, 1)
    each = np.repeat(actions, plan.samples, 0)
    states = predict(*copies(len(each), HISTORY[episode], PAST[episode]), each, moving)
    scores = worth(np.broadcast_to(HISTORY[episode, -1], (len(each), S)), states, each)
    return np.asarray(actions), np.asarray(states), np.asarray(scores).reshape(plan.candidates, plan.samples).mean(1)


@pytest.mark.parametrize("samples", (1, 3))
def test_the_winner_is_the_best_of_all_candidates(samples):
    plan = wanted(plan__samples=samples)
    found = planned(plan=plan)
    assert found.actions.shape == (E, F, A) and found.states.shape == (E, F, S) and found.scores.shape == (E, N)
    for episode in range(E):
        actions, states, scores = candidates(episode, plan)
        np.testing.assert_allclose(found.scores[episode], scores, rtol=1e-4, atol=1e-5)
        best = int(scores.argmax())
        assert found.winner[episode] == best
        np.testing.assert_allclose(found.actions[episode], actions[best], atol=1e-4)
        np.testing.assert_allclose(found.states[episode], states[best * samples], atol=1e-3)
    assert len(np.unique(found.scores)) == E * N  # every candidate from a noise of its own


def test_a_plan_does_not_depend_on_its_company():
    together = planned()
    for order in ((2, 0), (1,)):
        for some, all_of_them in zip(planned(order=order), together, strict=True):
            np.testing.assert_array_equal(some, all_of_them[list(order)])


def test_actions_stay_in_range_before_the_dynamics_and_after():
    agent, variables = networks()
    pushed = jax.tree.map(lambda leaf: leaf, variables)  # a copy
    pushed["proposal"]["stats"]["actions"] = {"mean": jnp.full(A, 0.9), "std": jnp.full(A, 2.0)}
    seen = []

    def outermost(variables, now, states, actions):
        jax.debug.callback(lambda actions: seen.append(float(np.abs(actions).max())), actions)
        return actions.sum((-1, -2))

    found = jax.block_until_ready(planner(agent, wanted(), outermost)(pushed, HISTORY, PAST, keys(E)))
    jax.effects_barrier()
    assert len(seen) == E and max(seen) == 1.0  # some had to be clipped
    assert np.abs(found.actions).max() <= 1


def test_the_order_of_actions_changes_what_follows():
    actions = np.random.default_rng(2).uniform(-1, 1, (N, F, A)).astype(np.float32)
    _, predict, _ = asked()
    straight, back = (predict(*copies(N, HISTORY[0], PAST[0]), some, keys(1)[0]) for some in (actions, actions[:, ::-1]))
    assert np.abs(straight - back).max() > 1e-3


def test_ties_go_to_the_first():
    assert (planned(lambda variables, now, states, actions: jnp.zeros(states.shape[:2])).winner == 0).all()
    two = lambda variables, now, states, actions: jnp.broadcast_to(jnp.isin(jnp.arange(N), jnp.array([3, 6])), states.shape[:2])  # noqa: E731
    assert (planned(two).winner == 3).all()


def test_a_score_that_is_no_number_never_wins():
    worst = lambda variables, now, states, actions: jnp.broadcast_to(  # noqa: E731
        jnp.where(jnp.arange(N) == 5, -1e30, jnp.nan), states.shape[:2]
    )
    found = planned(worst)
    assert (found.winner == 5).all() and np.isnan(found.scores).sum() == E * (N - 1)


def test_an_objective_of_another_shape_is_one_line_before_anything_runs():
    agent, _ = networks()
    for objective in (
        lambda variables, now, states, actions: states[:, :, 0].sum(-1)[0],  # of one episode
        lambda variables, now, states, actions: states[..., 0],  # a score per step
        lambda variables, now, states, actions: states[..., 9],
        lambda variables, now, states, actions: states @ actions,
        lambda variables, now, states, actions: 1.0,
    ):
        with pytest.raises(BadInput, match="the objective") as error:
            planner(agent, wanted(), objective)
        assert "\n" not in str(error.value)


def test_one_candidate_is_the_diffusion_policy():
    plan = wanted(plan__candidates=1)
    found = planned(plan=plan)
    assert (found.winner == 0).all()
    for episode in range(E):
        np.testing.assert_allclose(found.actions[episode], candidates(episode, plan)[0][0], atol=1e-4)


def test_steps_and_weights_and_numbers_of_the_same_kind_need_no_new_program():
    chex.clear_trace_counter()

    class Counted(Perfect):
        @chex.assert_max_traces(n=1)
        def predict(self, *words):
            return super().predict(*words)

    find = planner(Counted(), wanted(), lambda variables, now, states, actions: states.sum((-1, -2)))
    for seed in range(4):
        rng = np.random.default_rng(seed)
        find(np.float32(1 / (1 + seed)), rng.normal(size=(2, 1, 4)).astype(np.float32), np.zeros((2, 0, 2), np.float32), keys(2, seed))


@cache
def perfect():
    return planner(Perfect(), wanted(plan__candidates=32), around)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_with_a_model_that_is_never_wrong_more_candidates_are_better(seed):
    rng = np.random.default_rng(seed)
    angle = rng.uniform(-np.pi, np.pi, 8)
    history = np.stack([np.cos(angle), np.sin(angle), *(0.1 * rng.normal(size=(2, 8)))], 1).astype(np.float32)[:, None]
    found = perfect()(np.float32(1.0), history, np.zeros((8, 0, 2), np.float32), keys(8, seed))
    scores = np.asarray(found.scores)
    np.testing.assert_array_equal(found.winner, scores.argmax(1))
    assert (scores.max(1) >= scores[:, 0]).all() and (scores.max(1) > scores[:, 0]).mean() > 0.7
    np.testing.assert_allclose(around(None, history[:, -1], found.states[:, None], found.actions[:, None])[:, 0], scores.max(1), rtol=1e-4)
