"""What candidates are ranked by: laws of the learned return, of heights and of their sum."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from dmpc_agents import Perfect, networks, tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from ml_collections import ConfigDict

from configs.dmpc import base
from projects.dmpc import objectives
from projects.dmpc.envs import environments
from shared.errors import BadInput

E, N, F, S, A = 2, 5, 3, 11, 3
HEIGHT = arrays(np.float32, (E, N, F), elements=st.floats(0.5, 2.0, width=32))


def of_heights(heights, target=1.2, variance=5e-4):
    """Scores of states that differ in their height alone."""
    states = np.zeros((E, N, F, S), np.float32)
    states[..., 0] = heights
    return np.asarray(objectives.height("hopper", target, variance)(None, None, states, None))


@given(HEIGHT)
@settings(deadline=None)
def test_a_height_is_worth_most_at_the_target_and_less_the_farther_it_is(heights):
    scores = of_heights(heights)
    assert scores.shape == (E, N) and (scores >= 0).all() and (scores <= 5 * F + 1e-4).all()
    farther = of_heights(1.2 + 1.5 * (heights - 1.2))
    assert (farther <= scores + 1e-5).all()
    np.testing.assert_allclose(of_heights(2.4 - heights), scores, atol=1e-3)  # above or below
    np.testing.assert_allclose(of_heights(heights[:, ::-1]), scores[:, ::-1])  # of each candidate, whatever the others are
    np.testing.assert_allclose(of_heights(heights[:, :, ::-1]), scores, rtol=1e-5)  # a sum over steps


def test_the_bell_is_the_paper_s():
    assert of_heights(np.full((E, N, F), 1.2)) == pytest.approx(5 * F)
    off = np.sqrt(5e-4)
    assert of_heights(np.full((E, N, F), 1.2 + off)) == pytest.approx(5 * F * np.exp(-0.5), rel=1e-4)


@given(st.floats(0, 3), st.floats(0, 3), HEIGHT)
@settings(deadline=None)
def test_a_sum_is_weighted(one, other, heights):
    low, high = (objectives.height("walker2d", target, 0.1) for target in (0.9, 1.4))
    states = jnp.asarray(heights)[..., None]
    both = objectives.weighted((one, low), (other, high))(None, None, states, None)
    np.testing.assert_allclose(both, one * low(None, None, states, None) + other * high(None, None, states, None), rtol=1e-5)


def test_the_learned_return_is_that_of_every_candidate_by_itself():
    agent, variables = networks()
    rng = np.random.default_rng(0)
    now, states, actions = (rng.normal(size=shape).astype(np.float32) for shape in ((2, 4), (2, 3, 4, 4), (2, 3, 4, 2)))
    scores = jax.jit(objectives.learned(agent))(variables, now, states, actions)
    assert scores.shape == (2, 3)
    worth = jax.jit(agent.worth)
    for episode, candidate in np.ndindex(2, 3):
        alone = worth(variables, now[[episode]], states[episode, [candidate]], actions[episode, [candidate]])
        np.testing.assert_allclose(scores[episode, candidate], alone[0], rtol=1e-4)


def test_what_weighs_nothing_is_not_asked():
    wanted = ConfigDict({**base.get_config("cpu").objective, "kind": "sum", "return_weight": 0.0, "height_weight": 2.0})
    states = np.full((E, N, F, S), wanted.target, np.float32)
    np.testing.assert_allclose(objectives.of(wanted, "hopper", None)(None, None, states, None), 2 * 5 * F)


def test_the_kinds_of_a_config():
    agent, variables = networks()
    rng = np.random.default_rng(0)
    words = variables, *(rng.normal(size=shape).astype(np.float32) for shape in ((1, 4), (1, 3, 4, 4), (1, 3, 4, 2)))
    numbers = {"target": 0.5, "variance": 1.0, "return_weight": 2.0, "height_weight": 3.0}
    of = lambda kind: objectives.of(ConfigDict({"kind": kind, **numbers}), "walker2d", agent)  # noqa: E731
    found = {kind: jax.jit(of(kind))(*words) for kind in ("return", "height", "sum")}
    np.testing.assert_allclose(found["sum"], 2 * found["return"] + 3 * found["height"], rtol=1e-5)


@pytest.mark.parametrize(("objective", "said"), [
    (lambda variables, now, states, actions: states.hight, "AttributeError: .* hight$"),
    (lambda variables, now, states, actions: {}["height"], "KeyError: 'height'$"),
    (lambda variables, now, states, actions: 1 / 0, "ZeroDivisionError: division by zero$"),
    (lambda variables, now, states, actions: [][0], "IndexError: list index out of range$"),
    (lambda states: states, "TypeError: .* takes 1 positional argument"),
    (lambda variables, now, states, actions: float(states.sum()), "ConcretizationTypeError: [^\n]*$"),
    (lambda *_: next(iter(())), "StopIteration$"),
])  # fmt: skip
def test_whatever_goes_wrong_in_an_objective_of_ones_own_is_one_line(objective, said):
    with pytest.raises(BadInput, match=rf"the objective cannot read states \[1, 5, 8, 4\]: {said}"):
        objectives.checked(objective, Perfect(), 5)


@pytest.mark.parametrize("name", ("ring", "halfcheetah"))
def test_where_there_is_no_height(name):
    with pytest.raises(BadInput, match="tells no height: take hopper or walker2d"):
        objectives.height(name, 1.0, 0.1)


def test_configs_know_who_tells_a_height():
    assert set(objectives.HEIGHTS) == set(base.HEIGHTS)


@pytest.mark.parametrize("name", objectives.HEIGHTS)
def test_it_is_the_simulator_s_height(name):
    worlds = environments(tiny(env__name=name).env, 1)
    worlds.begin([0], [0])
    assert worlds.observations[0, objectives.HEIGHTS[name]] == pytest.approx(worlds.qpos[0, 1])  # rootz
