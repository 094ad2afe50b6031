"""Soft Actor-Critic: its parts against what they should be, that it learns, and that an interruption changes nothing."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from dmpc_world import SPEC, done, plan, waiting

from projects.dmpc import behave, sac
from projects.dmpc.actor import Actor, random, returns
from projects.dmpc.envs import ring
from shared.errors import BadInput
from shared.fit import stream

SETTINGS = sac.Settings(states=4, actions=2, width=8, lr=1e-2, discount=0.9, slowness=0.1)
INIT, UPDATE = (jax.jit(function, static_argnums=0) for function in (sac.init, sac.update))
SHORT = {"behave__steps": 640, "behave__warmup": 128, "behave__width": 8, "behave__batch_size": 8, "behave__checkpoints": 5}


@pytest.fixture(scope="module")
def state():
    return INIT(SETTINGS, jax.random.key(0))


def batch(rows=16, failed=False):
    rng = np.random.default_rng(0)
    numbers = {"states": (rows, 4), "actions": (rows, 2), "rewards": (rows,), "next_states": (rows, 4)}
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in numbers.items()} | {"failed": np.full(rows, failed)}


# -- its parts --------------------------------------------------------------------------------------------------------------------------
def test_the_density_is_that_of_the_actions(state):
    """By the change of variables, whose Jacobian is taken from the actions themselves."""
    states, key = jnp.asarray(batch(5)["states"]), jax.random.key(1)
    _, found = sac.sample(state["actor"], states, key)
    mean, std = Actor.of(state["actor"]).gaussian(np.asarray(states))
    noise = np.asarray(jax.random.normal(key, mean.shape))
    gaussian = (-0.5 * noise**2 - np.log(std) - 0.5 * np.log(2 * np.pi)).sum(axis=1)
    slopes = jax.vmap(jax.vmap(jax.grad(jnp.tanh)))(jnp.asarray(mean + std * noise))
    np.testing.assert_allclose(found, gaussian - np.log(slopes).sum(axis=1), rtol=1e-4)


def test_the_density_stays_finite_where_tanh_saturates(state):
    actor = {"kernels": [100 * kernel for kernel in state["actor"]["kernels"]], "biases": state["actor"]["biases"]}
    actions, density = sac.sample(actor, jnp.asarray(batch()["states"]), jax.random.key(0))
    assert np.abs(actions).max() == 1 and np.isfinite(density).all()


def test_numpy_plays_what_jax_learns(state):
    states, actor = batch(5)["states"], Actor.of(state["actor"])
    mean, _ = np.split(np.asarray(sac.forward(state["actor"], states)), 2, axis=1)
    np.testing.assert_allclose(actor.mode(states, None), np.tanh(mean), atol=1e-6)
    many = np.stack([actor.sample(states, rng) for rng in map(np.random.default_rng, range(400))])
    before, (mean, std) = np.arctanh(many.clip(-1 + 1e-6, 1 - 1e-6)), actor.gaussian(states)
    assert many.dtype == np.float32
    np.testing.assert_allclose(before.mean(axis=0), mean, atol=0.3)
    np.testing.assert_allclose(before.std(axis=0), std, rtol=0.2)


def test_slow_copies_follow_and_a_policy_that_is_too_sure_raises_alpha(state):
    moved, numbers = UPDATE(SETTINGS, jax.random.key(0), state, batch())
    expected = jax.tree.map(lambda slow, new: 0.9 * slow + 0.1 * new, state["targets"], moved["critics"])
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7), moved["targets"], expected)
    assert (moved["log_alpha"] > 0) == (numbers["entropy"] < -SETTINGS.actions)
    assert moved["updates"] == 1


def test_after_a_failure_nothing_is_expected(state):
    """Then the goal is the reward alone: critics that tell it have no error, whatever the slow copies say."""
    rewards = np.asarray(sac.values(state["critics"], batch()["states"], batch()["actions"]))
    same = {**state, "critics": jax.tree.map(lambda leaf: jnp.stack([leaf[0], leaf[0]]), state["critics"])}
    for failed in (True, False):
        _, numbers = UPDATE(SETTINGS, jax.random.key(0), same, {**batch(failed=failed), "rewards": rewards[0]})
        assert (numbers["critics"] < 1e-10) == failed


def test_many_updates_in_one_program_are_many_updates(state):
    batches = jax.tree.map(lambda leaf: np.stack([leaf, leaf]), batch())
    once = jax.tree.map(jnp.copy, state)
    together, _ = sac.updater(SETTINGS, 3)(jax.tree.map(jnp.copy, state), batches)
    for _ in range(2):
        once, _ = UPDATE(SETTINGS, stream({"seed": 3}, "train"), once, batch())
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), together, once)


def test_actors_come_back_from_their_files(tmp_path, state):
    actor = Actor.of(state["actor"])
    actor.save(tmp_path / "actor.npz", sampled=np.arange(3))
    for mine, theirs in zip(actor.kernels + actor.biases, (back := Actor.load(tmp_path / "actor.npz")).kernels + back.biases, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_an_actor_that_is_damaged_is_committed_somewhere(tmp_path, state):
    Actor.of(state["actor"]).save(path := tmp_path / "actor.npz")
    whole = path.read_bytes()
    path.unlink()
    for content in (None, b"", b"actor", whole[:-100], whole[: len(whole) // 2], whole[:200] + bytes(40) + whole[240:]):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(BadInput, match=f"holds no actor .*: get it back with `git checkout {path}`") as error:
            Actor.load(path)
        assert "\n" not in str(error.value)
    np.save(tmp_path / "array.npy", np.zeros(3))
    with pytest.raises(BadInput, match="holds no actor"):
        Actor.load(tmp_path / "array.npy")


# -- playing ----------------------------------------------------------------------------------------------------------------------------
def test_what_was_seen_is_what_the_environment_did():
    play = behave.Play(ring.make("ring", "v0", 3, -1, 0), 300, seed=0)
    play.forward(150, random(SPEC))
    play.forward(150, random(SPEC))
    after, _, failed = ring.step(play.seen["states"], play.seen["actions"])
    np.testing.assert_allclose(play.seen["next_states"], after, atol=1e-6)
    np.testing.assert_array_equal(play.seen["failed"], failed)
    assert play.done == 300 and play.begun == 3 + failed[:-3].sum()
    ends = np.flatnonzero(play.seen["failed"][:-3])
    assert np.abs(np.linalg.norm(play.seen["states"][ends + 3, :2], axis=1) - 1).max() < 0.3  # then it begins anew


def test_batches_come_from_what_was_seen_so_far():
    play = behave.Play(ring.make("ring", "v0", 1, -1, 0), 50, seed=0)
    play.forward(5, random(SPEC))
    drawn = play.batches(3, 40)
    assert drawn["states"].shape == (3, 40, 4)
    seen = {tuple(row) for row in play.seen["states"][:5]}
    assert {tuple(row) for row in drawn["states"].reshape(-1, 4)} == seen
    np.testing.assert_array_equal(drawn["rewards"], play.batches(3, 40)["rewards"])


# -- a training -------------------------------------------------------------------------------------------------------------------------
def test_it_learns_to_run_around_the_ring():
    run = done("behave", behave__steps=4_480, behave__checkpoints=7)
    floor = returns(ring.make("ring", "v0", 20, -1, 0), random(SPEC), (0,)).mean()
    final = run.status()["final"]
    assert floor < 5 and final["sampled"] > 50 and final["mode"] > 50
    rows = run.metrics()
    assert max(row["return/sampled"] for row in rows) == final["sampled"]
    files = sorted((run.path / "tables").iterdir())
    assert [file.name for file in files] == [f"actor-{row['step']:08d}.npz" for row in rows]
    with np.load(files[-1]) as file:
        assert file["sampled"].shape == (5,) and file["sampled"].mean() == pytest.approx(rows[-1]["return/sampled"])


def numbers(run):
    rows = [{key: value for key, value in row.items() if not key.startswith("perf/")} for row in run.members[0].metrics()]
    arrays = {}
    for path in sorted((run.members[0].path / "tables").iterdir()):
        with np.load(path) as file:
            arrays |= {(path.name, name): file[name] for name in file}
    return rows, arrays


def interrupted(monkeypatch, at, **short):
    """A training that is asked to stop as soon as it has made `at` steps."""
    config, run = waiting("behave", **short)
    forward = behave.Play.forward

    def stopping(play, *words):
        forward(play, *words)
        if play.done == at:
            run.stopped = "preempted"

    with monkeypatch.context() as patch:
        patch.setattr(behave.Play, "forward", stopping)
        assert behave.run(config, run) is None


@pytest.mark.parametrize(("name", "stops"), [("ring", (64, 320)), ("hopper", (448,))])  # before the first update, and later
def test_interruptions_change_nothing(monkeypatch, tmp_path, name, stops):
    monkeypatch.setattr(behave, "updater", cache(sac.updater))  # compiled once
    short = SHORT | {"seed": 1, "env__name": name}
    config, run = waiting("behave", **short)
    said = behave.run(config, run)
    wanted, arrays = numbers(run)
    monkeypatch.setenv("PAPERCLUB_RUNS", str(tmp_path / "others"))
    for at in stops:
        interrupted(monkeypatch, at, **short)
    config, run = waiting("behave", **short)
    assert behave.run(config, run) == said
    rows, found = numbers(run)
    assert rows == wanted and set(found) == set(arrays)
    for name, values in arrays.items():
        np.testing.assert_array_equal(values, found[name])


def test_values_that_are_not_finite_end_it(monkeypatch):
    monkeypatch.setattr(behave, "updater", lambda *words: lambda state, batches: (state, {"critics": np.nan}))
    config, run = waiting("behave", **SHORT)
    assert behave.run(config, run) is None
    assert run.members[0].state() == "diverged" and "smaller behave.lr" in run.members[0].status()["error"]


def test_another_seed_is_another_training():
    assert len({plan("behave", seed=seed).targets[0] for seed in (0, 1)}) == 2
