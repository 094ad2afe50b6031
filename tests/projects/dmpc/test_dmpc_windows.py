"""Windows of transitions: none crosses the end of an episode, and the return to go counts what really came."""

import numpy as np
import pytest
from dmpc_world import transitions
from hypothesis import given, settings
from hypothesis import strategies as st
from ml_collections import ConfigDict

from projects.dmpc.train import batch
from projects.dmpc.windows import FLOOR, Normaliser, Windows, returns_to_go, shapes
from shared.errors import BadInput

EPISODES = st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=6)


def windows(data, horizon=4, history=1):
    return Windows(data, ConfigDict({"history": history, "horizon": horizon, "discount": 0.9, "penalty": 100.0}))


def raw(made, batch):
    """History, past, actions and states as they were before they were normalised."""
    scales = {"history": made.states, "past": made.actions, "actions": made.actions, "states": made.states}
    return [scale.denormalise(batch[name]) for name, scale in scales.items()]


# -- where they lie ---------------------------------------------------------------------------------------------------------------------
@given(EPISODES, st.integers(1, 6))
@settings(max_examples=50, deadline=None)
def test_no_window_crosses_the_end_of_an_episode(episodes, horizon):
    data = transitions([*episodes, (horizon, False)])
    made = windows(data, horizon)
    rows = np.arange(len(data))
    history, past, actions, states = raw(made, made.at(rows))
    mask, rewards = (made.at(rows)[name] for name in ("mask", "rewards"))
    episode, step = data.observations[:, 0], data.observations[:, 1]
    length = np.repeat(data.lengths, data.lengths)
    np.testing.assert_allclose(history[:, 0], data.observations, atol=1e-4)
    before = np.concatenate([np.zeros((1, 2)), data.actions[:-1]]) * (step > 0)[:, None]
    np.testing.assert_allclose(past[:, 0], before, atol=1e-5)
    np.testing.assert_allclose(states[..., 0], np.broadcast_to(episode[:, None], mask.shape), atol=1e-4)  # all of one episode
    wanted = np.minimum(step[:, None] + 1 + np.arange(horizon), length[:, None])  # one after the other, then the last again and again
    np.testing.assert_allclose(states[..., 1], wanted, atol=1e-4)
    np.testing.assert_array_equal(mask, step[:, None] + np.arange(horizon) < length[:, None])
    for row in rows:
        real = int(mask[row].sum())
        np.testing.assert_allclose(actions[row, :real], data.actions[row : row + real], atol=1e-5)
        np.testing.assert_allclose(actions[row, real:], 0, atol=1e-6)
        np.testing.assert_allclose(rewards[row, :real] * made.reward_scale, data.rewards[row : row + real], rtol=1e-4, atol=1e-6)
        assert not rewards[row, real:].any()


@given(EPISODES, st.integers(2, 5))
@settings(max_examples=25, deadline=None)
def test_a_history_goes_back_to_the_beginning_of_its_episode_and_no_further(episodes, length):
    data = transitions(episodes)
    made = windows(data, 1, history=length)
    history, past, _, _ = raw(made, made.at(np.arange(len(data))))
    back = np.arange(1 - length, 1)
    step = data.observations[:, 1][:, None] + back  # [N, H]
    np.testing.assert_allclose(history[..., 0], np.broadcast_to(data.observations[:, :1], step.shape), atol=1e-4)
    np.testing.assert_allclose(history[..., 1], np.maximum(step, 0), atol=1e-4)
    rows = np.arange(len(data))[:, None] + back - 1  # of the action before each state
    wanted = np.where((step > 0)[..., None], data.actions[np.maximum(rows, 0)], 0)
    np.testing.assert_allclose(past, wanted, atol=1e-5)


def test_a_batch_is_a_function_of_seed_and_step():
    data = transitions([(20, True), (30, False)])
    drawn = lambda seed: batch(windows(data, history=2).at, np.arange(50), 8, seed)  # noqa: E731
    one, two = drawn(0), drawn(0)
    two(3)
    for name, values in one(7).items():
        np.testing.assert_array_equal(values, two(7)[name])
        assert values.dtype == np.float32
    assert {name: values.shape for name, values in one(0).items()} == {
        "history": (8, 2, 4), "past": (8, 2, 2), "actions": (8, 4, 2), "states": (8, 4, 4), "mask": (8, 4), "rewards": (8, 4),
        "value": (8,),
    }  # fmt: skip
    assert not np.array_equal(one(0)["states"], one(1)["states"])
    assert not np.array_equal(one(0)["states"], drawn(1)(0)["states"])


def test_every_row_begins_some_window():
    data = transitions([(5, True), (4, False)])
    made = windows(data)
    drawn = batch(made.at, np.arange(9), 64, 0)
    seen = np.concatenate([raw(made, drawn(step))[0][:, 0, :2] for step in range(4)]).round().astype(int)
    assert len(np.unique(seen, axis=0)) == 9


def test_episodes_that_are_all_shorter_than_the_horizon():
    data = transitions([(3, True), (4, False)])
    with pytest.raises(BadInput, match="windows.horizon=5: the longest episode has 4 steps"):
        windows(data, 5)
    assert windows(data, 4).at(np.array([0]))["mask"].tolist() == [[1, 1, 1, 0]]  # a shorter one beside it is kept


# -- what they are worth ----------------------------------------------------------------------------------------------------------------
@given(EPISODES, st.sampled_from([0.0, 0.5, 0.997, 1.0]), st.sampled_from([0.0, 100.0]))
@settings(max_examples=50, deadline=None)
def test_the_return_to_go_is_that_of_a_loop(episodes, discount, penalty):
    data = transitions(episodes)
    wanted, ahead = np.zeros(len(data)), 0.0
    for row in reversed(range(len(data))):
        reward = float(data.rewards[row])
        if data.terminals[row]:
            ahead = reward - penalty
        elif data.timeouts[row]:
            ahead = reward
        else:
            ahead = reward + discount * ahead
        wanted[row] = ahead
    np.testing.assert_allclose(returns_to_go(data, discount, penalty), wanted, rtol=1e-12)


def test_values_are_returns_to_go_in_units_of_their_deviation():
    data = transitions([(9, True), (7, False)])
    made = windows(data)
    values = returns_to_go(data, 0.9, 100.0)
    np.testing.assert_allclose(made.at(np.arange(16))["value"] * made.value_scale, values, rtol=1e-5)
    assert made.values.std() == pytest.approx(1, rel=1e-5)


def test_the_penalty_reaches_starts_beyond_the_horizon():
    failed, timed_out = transitions([(50, True)]), transitions([(50, False)])
    np.testing.assert_allclose(returns_to_go(failed, 0.9, 100.0)[0], returns_to_go(timed_out, 0.9, 100.0)[0] - 100 * 0.9**49)


# -- units ------------------------------------------------------------------------------------------------------------------------------
@given(st.integers(1, 5), st.integers(2, 40))
@settings(deadline=None)
def test_what_is_normalised_comes_back(numbers, rows):
    values = np.random.default_rng(rows).normal(3, 2, (rows, numbers)).astype(np.float32)
    scale = Normaliser.of(values)
    normal = scale.normalise(values)
    np.testing.assert_allclose(normal.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(scale.denormalise(normal), values, atol=1e-4)


def test_what_hardly_changes_is_not_blown_up():
    values = np.stack([np.ones(10), np.arange(10)], 1).astype(np.float32)
    scale = Normaliser.of(values)
    assert scale.std[0] == np.float32(FLOOR) and scale.std[1] == pytest.approx(np.arange(10).std())
    np.testing.assert_array_equal(scale.normalise(values)[:, 0], 0)


def test_the_shapes_of_a_batch_are_known_without_data():
    data = transitions([(9, False)])
    states, actions = data.observations.shape[1], data.actions.shape[1]
    asked = ConfigDict({"windows": {"history": 2, "horizon": 4}, "env": {"states": states, "actions": actions}})
    found = windows(data, horizon=4, history=2).at(np.arange(5))
    assert {name: leaf.shape for name, leaf in shapes(asked, (5,)).items()} == {name: values.shape for name, values in found.items()}
    assert {values.dtype for values in found.values()} == {leaf.dtype for leaf in shapes(asked, (5,)).values()}
