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
from projects.dmpc.planner import cloned, compiled, copies, planner, ranked
from shared.errors import BadInput

E, N, H, F, S, A = 3, 8, 2, 4, 4, 2
HISTORY = np.random.default_rng(0).normal(size=(E, H, S)).astype(np.float32)
PAST = np.random.default_rng(1).uniform(-1, 1, (E, H, A)).astype(np.float32)
BEFORE = np.random.default_rng(2).uniform(-1, 1, (E, F, A)).astype(np.float32)
ALIVE = np.ones(E, bool)


def wanted(**changes):
    return tiny(**({"plan__candidates": N} | changes)).plan


def planned(objective=None, order=range(E), plan=None):
    agent, variables = networks()
    find = planner(agent, plan or wanted(), objective or objectives.learned(agent))
    order = np.array(list(order))
    return jax.device_get(find(variables, HISTORY[order], PAST[order], BEFORE[order], ALIVE[order], keys(E)[order]))


@cache
def asked():
    """The parts of the agent, each as a program of its own."""
    agent, variables = networks()
    propose = jax.jit(lambda *words: agent.propose(variables, *words)[0])
    predict = jax.jit(lambda *words: agent.predict(variables, *words))
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

    found = jax.block_until_ready(planner(agent, wanted(), outermost)(pushed, HISTORY, PAST, BEFORE, ALIVE, keys(E)))
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


# -- other planners ---------------------------------------------------------------------------------------------------------------------
def test_one_candidate_is_the_diffusion_policy():
    """What the proposal draws, and nothing else is asked: neither dynamics nor an objective."""
    agent, variables = networks("proposal")
    find = planner(agent, wanted(plan__candidates=1), None)
    found = jax.device_get(find(variables, HISTORY, PAST, BEFORE, ALIVE, keys(E)))
    assert (found.winner == 0).all() and found.scores.shape == (E, 0) and found.states is None
    propose, _, _ = asked()
    for episode in range(E):
        acting, _ = jax.random.split(keys(E)[episode])
        np.testing.assert_allclose(found.actions[episode], propose(*copies(1, HISTORY[episode], PAST[episode]), acting)[0], atol=1e-4)


@pytest.mark.parametrize("model", ["single_mlp", "state_mlp"])
def test_cloning_by_an_mlp_is_what_it_says_of_the_state_and_perhaps_of_the_action_before(model):
    agent, variables = networks("proposal", model__proposal=model, plan__candidates=1)
    found = jax.device_get(planner(agent, agent.plan, None)(variables, HISTORY, PAST, BEFORE[:, :1], ALIVE, keys(E)))
    said = agent.parts["proposal"].propose(variables["proposal"], HISTORY, PAST, keys(1)[0], 1)
    assert found.actions.shape == (E, 1, A) and agent.horizon == 1
    np.testing.assert_allclose(found.actions[:, 0], np.clip(said, -1, 1), atol=1e-5)
    other = agent.parts["proposal"].propose(variables["proposal"], HISTORY, PAST + 0.5, keys(1)[0], 1)
    assert np.array_equal(said, other) == (model == "state_mlp")


@pytest.mark.parametrize("proposal, dynamics", [("single_mlp", "single_mlp"), ("single_diffusion", "single_mlp")])
def test_a_policy_of_one_step_is_carried_on_by_the_dynamics_and_ranked(proposal, dynamics):
    agent, variables = networks(model__proposal=proposal, model__dynamics=dynamics)
    found = jax.device_get(planner(agent, wanted(), objectives.learned(agent))(variables, HISTORY, PAST, BEFORE, ALIVE, keys(E)))
    assert found.actions.shape == (E, F, A) and np.abs(found.actions).max() <= 1
    np.testing.assert_array_equal(found.winner, found.scores.argmax(1))
    assert len(np.unique(found.scores)) == E * N
    # the states of the winner are those of its actions
    states = agent.predict(variables, HISTORY, PAST, found.actions, keys(1)[0])
    np.testing.assert_allclose(found.states, states, atol=1e-3)


def test_a_policy_of_one_step_is_judged_by_the_states_in_which_it_acted():
    """Not by others that the dynamics would have drawn."""
    agent, variables = networks(model__proposal="single_mlp", model__dynamics="single_diffusion")
    found = jax.device_get(planner(agent, wanted(), objectives.learned(agent))(variables, HISTORY, PAST, BEFORE, ALIVE, keys(E)))
    for episode in range(E):
        acting, _ = jax.random.split(keys(E)[episode])
        actions, states = jax.jit(agent.propose)(variables, *copies(N, HISTORY[episode], PAST[episode]), acting)
        scores = agent.worth(variables, np.broadcast_to(HISTORY[episode, -1], (N, S)), states, actions)
        np.testing.assert_allclose(found.scores[episode], scores, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(found.states[episode], states[int(found.winner[episode])], atol=1e-3)


def test_the_joint_model_is_ranked_and_guided():
    """Candidates that are drawn towards an objective are better by it."""
    worth = []
    for guidance in (0.0, 3.0):
        agent, variables = networks("joint", plan__kind="guided", plan__guidance=guidance)
        along = lambda variables, now, states, actions: states[..., 0].mean(-1)  # noqa: E731
        found = jax.device_get(planner(agent, agent.plan, along)(variables, HISTORY, PAST, BEFORE, ALIVE, keys(E)))
        np.testing.assert_array_equal(found.winner, found.scores.argmax(1))
        np.testing.assert_allclose(found.scores.max(1), found.states[..., 0].mean(-1), rtol=1e-4, atol=1e-5)
        assert found.actions.shape == (E, F, A) and np.abs(found.actions).max() <= 1
        worth.append(found.scores.mean())
    plain, guided = worth
    assert guided > plain + 1e-3


def test_mbop_draws_on_the_plan_before():
    """With beta = 1 the old plan moves on; its winner is the candidate that weighs most."""
    models = {"model__proposal": "single_mlp", "model__dynamics": "single_mlp", "plan__kind": "mbop"}
    agent, variables = networks("proposal", "dynamics", "truncated", plan__beta=1.0, **models)
    found = jax.device_get(planner(agent, agent.plan, None)(variables, HISTORY, PAST, BEFORE, ALIVE, keys(E)))
    np.testing.assert_allclose(found.actions, np.concatenate([BEFORE[:, 1:], BEFORE[:, -1:]], 1), atol=1e-5)
    assert found.scores.shape == (E, N) and found.states is None
    np.testing.assert_array_equal(found.winner, found.scores.argmax(1))


def test_for_an_episode_that_is_over_nothing_is_computed():
    """The others' plans are what they were."""
    seen = []

    def counting(variables, now, states, actions):
        jax.debug.callback(lambda now: seen.append(now), now)
        return actions.sum((-1, -2))

    agent, variables = networks()
    find = planner(agent, wanted(), counting)
    whole = jax.device_get(find(variables, HISTORY, PAST, BEFORE, ALIVE, keys(E)))
    jax.effects_barrier()
    seen.clear()
    found = jax.device_get(find(variables, HISTORY, PAST, BEFORE, np.array([True, False, True]), keys(E)))
    jax.effects_barrier()
    assert len(seen) == 2 and not found.actions[1].any()
    for some, all_of_them in zip(found, whole, strict=True):
        np.testing.assert_array_equal(some[::2], all_of_them[::2])


@pytest.mark.parametrize("kind", ("ranked", "cloned"))  # cloned has no scores, an array without elements
def test_together_or_one_after_the_other_the_plans_are_the_same(kind):
    """For an episode that is over there is none."""
    agent, variables = networks()
    find = cloned(agent) if kind == "cloned" else ranked(agent, wanted(), objectives.learned(agent))
    given = variables, HISTORY, PAST, BEFORE, np.array([True, False, True]), keys(E)
    one, other = (jax.device_get(compiled(find, together)(*given)) for together in (True, False))
    np.testing.assert_array_equal(one.winner, other.winner)
    assert not one.actions[1].any() and one.actions[0].any()
    for mine, its in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(mine, its, atol=1e-4)


# -- programs ---------------------------------------------------------------------------------------------------------------------------
def test_steps_and_weights_and_numbers_of_the_same_kind_need_no_new_program():
    chex.clear_trace_counter()

    class Counted(Perfect):
        @chex.assert_max_traces(n=1)
        def predict(self, *words):
            return super().predict(*words)

    find = planner(Counted(), wanted(), lambda variables, now, states, actions: states.sum((-1, -2)))
    for seed in range(4):
        rng = np.random.default_rng(seed)
        now = rng.normal(size=(2, 1, 4)).astype(np.float32)
        find(np.float32(1 / (1 + seed)), now, np.zeros((2, 1, 2), np.float32), np.zeros((2, 8, 2), np.float32), ALIVE[:2], keys(2, seed))


@cache
def perfect():
    return planner(Perfect(), wanted(plan__candidates=32), around)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_with_a_model_that_is_never_wrong_more_candidates_are_better(seed):
    rng = np.random.default_rng(seed)
    angle = rng.uniform(-np.pi, np.pi, 8)
    history = np.stack([np.cos(angle), np.sin(angle), *(0.1 * rng.normal(size=(2, 8)))], 1).astype(np.float32)[:, None]
    past, before = np.zeros((8, 1, 2), np.float32), np.zeros((8, 8, 2), np.float32)
    found = perfect()(np.float32(1.0), history, past, before, np.ones(8, bool), keys(8, seed))
    scores = np.asarray(found.scores)
    np.testing.assert_array_equal(found.winner, scores.argmax(1))
    assert (scores.max(1) >= scores[:, 0]).all() and (scores.max(1) > scores[:, 0]).mean() > 0.7
    np.testing.assert_allclose(around(None, history[:, -1], found.states[:, None], found.actions[:, None])[:, 0], scores.max(1), rtol=1e-4)
