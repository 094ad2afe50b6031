"""Environments: batches of copies, ends, resets, defects, and what truly follows from a sequence of actions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from projects.dmpc import envs
from projects.dmpc.envs import environments, ring, rollout
from shared.errors import BadInput

ALL = [("ring", "v0")] + [(name, version) for name in ("halfcheetah", "hopper", "walker2d") for version in ("v4", "v5")]
NEWEST = [("ring", "v0"), ("halfcheetah", "v4"), ("hopper", "v4"), ("walker2d", "v5")]


def make(name, version, count=2, joint=-1, limit=0.5):
    return environments(ConfigDict({"name": name, "version": version, "defect_joint": joint, "defect_limit": limit}), count)


def begun(name, version, count=2, **defect):
    worlds = make(name, version, count, **defect)
    worlds.begin(range(count), range(count))
    return worlds


def commands(worlds, steps, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (steps, worlds.count, worlds.spec.action_size)).astype(np.float32)


# -- what is there ----------------------------------------------------------------------------------------------------------------------
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("name", "version"), ALL)
def test_every_environment_steps(name, version):
    worlds = begun(name, version)
    step = worlds.step(commands(worlds, 1)[0])
    spec = worlds.spec
    assert spec.id == f"{name}-{version}"
    assert step.observations.shape == (2, spec.state_size) and step.observations.dtype == np.float32
    assert step.rewards.dtype == np.float32 and np.isfinite(step.rewards).all()
    assert worlds.qpos.shape == (2, spec.positions) and worlds.qvel.shape == (2, spec.velocities)
    assert worlds.alive.all() and not step.terminals.any() and not step.timeouts.any()


@pytest.mark.parametrize(("name", "words"), [("ring", "of ring there is v0"), ("hopper", "of hopper there is v4 and v5")])
def test_an_unknown_version_names_the_known_ones(name, words):
    with pytest.raises(BadInput, match=words):
        make(name, "v7")


def test_an_unknown_name_names_the_known_ones():
    with pytest.raises(BadInput, match="choose one of ring, halfcheetah, hopper, walker2d"):
        make("ant", "v4")


def test_a_missing_package_is_one_line(monkeypatch):
    monkeypatch.setattr(envs.importlib, "import_module", lambda name: __import__("a_package_that_is_not_there"))
    with pytest.raises(BadInput, match="pip install -r requirements.txt") as error:
        envs.package("gymnasium")
    assert "\n" not in str(error.value)


# -- beginning and ending ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "version"), NEWEST)
def test_the_seed_alone_decides_where_an_episode_begins(name, version):
    worlds = make(name, version, 3)
    worlds.begin([0, 1, 2], [(5, 1), (5, 1), (5, 2)])
    np.testing.assert_array_equal(worlds.observations[0], worlds.observations[1])
    assert not np.array_equal(worlds.observations[0], worlds.observations[2])
    first = worlds.observations[0].copy()
    worlds.step(commands(worlds, 1)[0])
    worlds.begin([2], [(5, 1)])
    np.testing.assert_array_equal(worlds.observations[2], first)


def test_who_falls_has_failed_and_stands_still():
    worlds = begun("hopper", "v4")
    actions = np.ones((2, 3), np.float32)
    for _ in range(200):
        step = worlds.step(actions)
        if step.terminals.any():
            break
    assert step.terminals[0] and not step.timeouts.any() and not worlds.alive[0]
    before = worlds.observations[0].copy(), worlds.qpos[0].copy(), worlds.steps[0]
    step = worlds.step(actions)
    assert step.rewards[0] == 0 and not step.terminals[0] and not step.timeouts[0]
    np.testing.assert_array_equal(step.observations[0], before[0])
    np.testing.assert_array_equal(worlds.qpos[0], before[1])
    assert worlds.steps[0] == before[2]


@pytest.mark.parametrize(("name", "version"), [("ring", "v0"), ("halfcheetah", "v5")])
def test_the_time_limit_is_no_failure(name, version):
    worlds = begun(name, version)
    worlds.steps[:] = worlds.spec.limit - 2, worlds.spec.limit - 1
    still = np.zeros((2, worlds.spec.action_size), np.float32)
    first, second = worlds.step(still), worlds.step(still)
    assert first.timeouts.tolist() == [False, True] and second.timeouts.tolist() == [True, False]
    assert not first.terminals.any() and not second.terminals.any() and not worlds.alive.any()


def test_a_failure_in_the_last_step_is_a_failure():
    worlds = begun("ring", "v0")
    worlds.place(np.array([[1.39, 0], [1, 0]]), np.array([[1.0, 0], [0, 0]]))
    worlds.steps[:] = worlds.spec.limit - 1
    step = worlds.step(np.zeros((2, 2), np.float32))
    assert step.terminals.tolist() == [True, False] and step.timeouts.tolist() == [False, True]


# -- states -----------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "version"), NEWEST)
def test_what_follows_from_a_state_is_what_followed(name, version):
    """From positions and velocities alone, in batches of another size; MuJoCo's solver starts elsewhere, which shows in the last digits."""
    worlds = begun(name, version)
    actions = commands(worlds, 8)
    worlds.step(actions[0])
    qpos, qvel = worlds.qpos.copy(), worlds.qvel.copy()
    seen = np.stack([worlds.step(action).observations for action in actions[1:]], 1)
    found, real = rollout(make(name, version, 3), np.repeat(qpos, 2, 0), np.repeat(qvel, 2, 0), np.repeat(actions[1:].swapaxes(0, 1), 2, 0))
    assert real.all()
    np.testing.assert_allclose(found, np.repeat(seen, 2, 0), atol=1e-4)


def test_after_a_failure_nothing_more_is_real():
    actions = np.ones((2, 40, 2), np.float32)
    found, real = rollout(make("ring", "v0"), np.array([[1.0, 0], [-1, 0]]), np.zeros((2, 2)), actions)
    lasts = real.sum(1)
    assert (real == (np.arange(40) < lasts[:, None])).all() and (lasts < 40).all()
    for states, last in zip(found, lasts, strict=True):
        np.testing.assert_array_equal(states[last:], np.repeat(states[last - 1 : last], 40 - last, 0))
        assert not ring.INNER <= np.hypot(*states[last - 1, :2]) <= ring.OUTER


@pytest.mark.parametrize(("name", "version"), NEWEST)
def test_a_snapshot_goes_on_bit_by_bit(name, version):
    worlds, other = begun(name, version), make(name, version)
    actions = commands(worlds, 12)
    for action in actions[:6]:
        worlds.step(action)
    snapshot = jax.tree.map(lambda leaf: np.asarray(jnp.asarray(leaf)), worlds.snapshot())  # as a checkpoint keeps it
    other.resume(snapshot)
    for action in actions[6:]:
        one, two = worlds.step(action), other.step(action)
        for mine, theirs in zip(vars(one).values(), vars(two).values(), strict=True):
            np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(worlds.qvel, other.qvel)


# -- defects ----------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "version", "joint"), [("ring", "v0", 1), ("walker2d", "v4", 2), ("halfcheetah", "v5", 5)])
def test_a_defective_joint_does_what_a_weaker_command_does_to_a_whole_one(name, version, joint):
    whole, defective = begun(name, version), begun(name, version, joint=joint, limit=0.25)
    actions = commands(whole, 5)
    weaker = actions.copy()
    weaker[..., joint] = weaker[..., joint].clip(-0.25, 0.25)
    for commanded, applied in zip(actions, weaker, strict=True):
        one, two = defective.step(commanded), whole.step(applied)
        np.testing.assert_array_equal(one.observations, two.observations)
        np.testing.assert_array_equal(one.rewards, two.rewards)


def test_commands_beyond_one_count_as_one():
    worlds, others = begun("hopper", "v5"), begun("hopper", "v5")
    actions = 3 * commands(worlds, 1)[0]
    np.testing.assert_array_equal(worlds.step(actions).rewards, others.step(actions.clip(-1, 1)).rewards)


def test_a_joint_that_is_not_there():
    with pytest.raises(BadInput, match="env.defect_joint=3: hopper has actuators 0 to 2"):
        make("hopper", "v4", joint=3)


# -- the ring ---------------------------------------------------------------------------------------------------------------------------
def carry(controller, steps=ring.LIMIT):
    """The return of a controller, state [4] -> action [2], and whether it stayed in the ring."""
    worlds = begun("ring", "v0", 1)
    total = 0.0
    for _ in range(steps):
        step = worlds.step(np.asarray(controller(worlds.observations[0]), np.float32)[None])
        total += step.rewards[0]
        if step.terminals[0]:
            return total, False
    return total, True


def along(state):
    """The unit vector that runs anticlockwise."""
    x, y = state[:2] / np.hypot(*state[:2])
    return np.array([-y, x])


def test_a_greedy_runner_leaves_the_ring_and_one_who_looks_ahead_does_not():
    """Along the ring at full strength, against a bend that is begun in time."""

    def careful(state):
        outwards = state[:2] / np.hypot(*state[:2])
        return 4 * (0.9 * along(state) - state[2:]) - (0.81 + 4 * (np.hypot(*state[:2]) - 1)) * outwards

    greedy, stayed = carry(along)
    assert not stayed
    best, stays = carry(careful)
    assert stays and best > 3 * greedy
