"""Reacher: dm_control's physics, states that are all there is, and a picture with the finger where it is."""

import jax
import mujoco
import numpy as np
import pytest

from projects.lewm.envs import environment, reacher
from shared.errors import BadInput

REACHER = environment("reacher")


@pytest.fixture(scope="module")
def episodes():
    return tuple(np.stack(column) for column in zip(*REACHER.collect("random", 20, 100, 3), strict=True))


@pytest.mark.parametrize("start", [0, 37])
def test_rollout_visits_the_states_of_the_episode_bit_for_bit(episodes, start):
    states, actions = episodes
    assert states.shape == (20, 101, 4) and actions.shape == (20, 100, 2)
    assert np.array_equal(REACHER.rollout(states[:, start], actions[:, start:]), states[:, start + 1 :])


def test_the_next_state_does_not_depend_on_what_came_before(episodes):
    states, actions = episodes
    at_limit = np.abs(states[..., 1]).max(1).argmax()  # a simulator starts from its last solution where the wrist is stopped
    assert np.abs(states[at_limit, :, 1]).max() > reacher.WRIST - 0.01
    used = reacher.Arm()
    for t in np.random.default_rng(0).permutation(100):
        assert np.array_equal(used.step(states[at_limit, t], actions[at_limit, t]), states[at_limit, t + 1])


def test_moves_as_dm_control_moves():
    """States of dm_control 1.0.34 (mujoco 3.3.7) after ten environment steps under one action, and ten under another."""
    actions = np.repeat(np.array([[0.5, -0.25], [-1, 1]], np.float32), 10, 0)
    visited = REACHER.rollout(np.array([[0.3, -0.5, 0, 0]], np.float32), actions[None])[0]
    assert visited[9] == pytest.approx([1.0351450630747148, -1.0482633967462947, 2.4115409821696496, -1.1725220215594807], abs=1e-5)
    assert visited[19] == pytest.approx([-0.2591795000144875, 1.0704735268422008, -4.720727310912559, 4.752924884690076], abs=1e-5)
    assert reacher.Arm().model.body_mass == pytest.approx([0, 0.04188790204786391, 0.03560471674068432, 0.004188790204786391])


def test_torques_beyond_one_count_as_one():
    first = np.array([[0.3, -0.5, 0, 0]] * 2, np.float32)
    much, one = REACHER.rollout(first, np.array([[[7, -3]], [[1, -1]]], np.float32))
    assert np.array_equal(much, one)


def test_wrist_is_stopped_and_shoulder_is_not():
    pushed = REACHER.rollout(np.zeros((1, 4), np.float32), np.full((1, 100, 2), 1, np.float32))[0]
    assert pushed[:, 1].max() < reacher.WRIST + 0.15
    assert pushed[-1, 0] > 2 * np.pi


def test_finger_is_where_the_simulator_has_it(episodes):
    states = episodes[0][:, -1]
    arm = reacher.Arm()
    for state, place in zip(states, REACHER.quantities["finger position"](states), strict=True):
        arm.data.qpos = state[:2]
        mujoco.mj_kinematics(arm.model, arm.data)
        assert place == pytest.approx(arm.data.xpos[-1][:2], abs=1e-6)


def test_quantities_have_angles_without_a_jump(episodes):
    states = episodes[0][:, -1]
    turned = states + np.array([2 * np.pi, 0, 0, 0], np.float32)
    assert {name: read(states).shape[1] for name, read in REACHER.quantities.items()} == {
        "joint angles": 4, "joint velocities": 2, "finger position": 2,
    }  # fmt: skip
    for read in REACHER.quantities.values():
        assert np.allclose(read(states), read(turned), atol=1e-5)


def test_success_needs_both_joints():
    goal = np.array([1.0, -1.0, 0, 0], np.float32)
    assert REACHER.success(goal + np.array([0.04, -0.04, 5, 5]), goal)
    assert not REACHER.success(goal + np.array([0.06, 0, 0, 0]), goal)
    assert not REACHER.success(goal + np.array([0, 0.06, 0, 0]), goal)
    assert not REACHER.success(goal + np.array([2 * np.pi, 0, 0, 0]), goal)


def test_scripted_controller_reaches_what_random_torques_do_not(episodes):
    states, _ = episodes
    starts, goals = states[:, :60:15].reshape(-1, 4), states[:, 25:85:15].reshape(-1, 4)
    rng = np.random.default_rng(0)
    there, by_chance = (
        REACHER.success(visited, goals[:, None]).any(1).mean()
        for visited in (REACHER.scripted(starts, goals, 50, rng), REACHER.rollout(starts, REACHER.random_actions(rng, len(starts), 50)))
    )
    assert there > 0.9 and by_chance < 0.3


def test_data_is_uniform_random(episodes):
    states, actions = episodes
    assert np.abs(actions).max() <= 1 and actions.std() == pytest.approx(1 / np.sqrt(3), rel=0.03)
    assert abs(np.corrcoef(actions[:, 1:].ravel(), actions[:, :-1].ravel())[0, 1]) < 0.05
    assert not states[:, 0, 2:].any() and np.abs(states[:, 0, 0]).max() > 2
    assert not np.array_equal(REACHER.collect("random", 1, 5, 4)[0][0], states[0, :6])


def test_unknown_policy_is_one_line():
    with pytest.raises(BadInput, match="played by random"):
        REACHER.collect("expert", 1, 10, 0)


def test_teleport_moves_the_joints_and_keeps_their_speed(episodes):
    states = episodes[0][:, -1]
    found = REACHER.teleport(states, np.random.default_rng(0))
    assert found.dtype == np.float32 and np.array_equal(found[:, 2:], states[:, 2:])
    assert np.abs(found[:, :2] - states[:, :2]).mean() > 0.5
    assert np.abs(found[:, 1]).max() <= reacher.WRIST


@pytest.mark.parametrize("angles", [(0.0, 0.0), (1.0, 0.5), (-2.0, 1.5), (3.0, -2.5)])
def test_picture_has_the_finger_where_it_is(angles):
    state = np.array([*angles, 0, 0], np.float32)
    frame = 255 * np.asarray(reacher.draw(state, 224, False))
    tip = np.abs(frame - reacher.TIP).max(-1) < 2
    rows, columns = np.nonzero(tip)
    x, y = REACHER.quantities["finger position"](state[None])[0]
    metres = 2 * reacher.HALF / 224
    assert tip.sum() > 10
    assert (columns.mean() + 0.5) * metres - reacher.HALF == pytest.approx(x, abs=0.004)
    assert reacher.HALF - (rows.mean() + 0.5) * metres == pytest.approx(y, abs=0.004)


def test_visual_edit_changes_the_hand_and_nothing_else():
    state = np.array([0.0, np.pi / 2, 0, 0], np.float32)  # the first link to the right, the hand up from its end
    plain, edited = (np.asarray(reacher.draw(state, 64, changed)) for changed in (False, True))
    rows, columns = np.nonzero(np.abs(plain - edited).max(-1) > 0)
    wrist = 32 + 64 * reacher.LINK / (2 * reacher.HALF)
    assert len(rows) > 20
    assert np.abs(columns + 0.5 - wrist).max() < 2.5 and rows.max() < 34


def test_any_leading_axes():
    states = np.stack([states[:-1] for states, _ in REACHER.collect("random", 4, 6, 0)])
    changed = np.arange(24).reshape(4, 6) % 2 == 0
    together = np.asarray(jax.jit(reacher.draw, static_argnums=1)(states, 16, changed))
    assert together.shape == (4, 6, 16, 16, 3)
    alone = np.stack([[reacher.draw(s, 16, bool(c)) for s, c in zip(*row, strict=True)] for row in zip(states, changed, strict=True)])
    assert np.abs(together - alone).max() <= 1 / 255 + 1e-6  # a value that lies between two bytes may round to either
    assert np.mean(together != alone) < 1e-3
