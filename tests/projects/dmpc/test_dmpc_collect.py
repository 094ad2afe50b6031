"""Collecting: what data sets consist of, who plays them, and how those are picked from a training."""

import contextlib
import json
from importlib.metadata import version
from types import SimpleNamespace

import numpy as np
import pytest
from dmpc_world import SPEC, config, done, waiting
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.dmpc import collect, pick, players
from projects.dmpc.actor import Actor, random
from projects.dmpc.collect import load_transitions
from projects.dmpc.envs import ring, rollout
from projects.dmpc.players import reference
from projects.dmpc.transitions import read, write
from shared.errors import BadInput
from shared.rundir import RunDir

MEDIUM = {"collect__set": "medium", "collect__transitions": 600}


def data_of(run: RunDir):
    return read(run.path / "tables" / "transitions.h5", SPEC)


@pytest.fixture(scope="module")
def medium(tmp_path_factory):
    """The run and the data of a small set."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPERCLUB_RUNS", str(tmp_path_factory.mktemp("medium")))
        run = done("collect", **MEDIUM)
    return run, data_of(run)


# -- data sets --------------------------------------------------------------------------------------------------------------------------
def test_a_run_leaves_its_data_and_their_numbers(medium):
    run, data = medium
    said = run.status()["final"]
    assert 600 <= len(data) == said["transitions"] < 600 + SPEC.limit
    assert said["episodes"] == len(data.ends)
    assert said["return"] == pytest.approx(data.returns.mean()) and said["return_std"] == pytest.approx(data.returns.std())
    assert said["failed"] == data.terminals.sum() / len(data.ends)
    assert [path.name for path in (run.path / "tables").iterdir()] == ["transitions.h5"]
    assert data.metadata["env"] == "ring" and data.metadata["version"] == "v0"
    assert json.loads(data.metadata["policy"]) == {"set": "medium", "seed": 0, "played": {reference(SPEC)["medium"]: len(data)}}


def test_they_are_what_the_environment_does(medium):
    _, data = medium
    after, _, failed = ring.step(data.observations, data.actions)
    np.testing.assert_allclose(data.next_observations, after, atol=1e-6)
    np.testing.assert_array_equal(data.terminals, failed)
    followed = np.setdiff1d(np.arange(len(data)), data.ends)
    np.testing.assert_array_equal(data.next_observations[followed], data.observations[followed + 1])
    assert (data.lengths[data.timeouts[data.ends]] == SPEC.limit).all()  # no episode was broken off
    found, _ = rollout(ring.make("ring", "v0", 8, -1, 0), data.qpos, data.qvel, data.actions[:, None])
    np.testing.assert_array_equal(found[:, 0], data.next_observations)


def test_medium_is_between_random_and_expert(medium):
    known = reference(SPEC)
    best = known["actors"][known["expert"]]["sampled"]["mean"]
    assert known["random"]["mean"] < medium[1].returns.mean() < 0.6 * best
    assert data_of(done("collect", collect__set="expert", collect__transitions=600)).returns.mean() > 0.7 * best


def test_medium_replay_is_played_by_all_up_to_medium_and_by_random():
    data, known = data_of(done("collect", collect__set="medium-replay", collect__transitions=1_100)), reference(SPEC)
    played = json.loads(data.metadata["policy"])["played"]
    assert set(played) == {"random", *known["replay"]} and known["medium"] in played and known["expert"] not in played
    share = -(-1_100 // len(played))
    assert all(share <= rows < share + SPEC.limit for rows in played.values()) and sum(played.values()) == len(data)


def test_random_needs_no_actors(monkeypatch, tmp_path):
    monkeypatch.setattr(players, "FOLDER", tmp_path)
    data = data_of(done("collect", collect__set="random", collect__transitions=300))
    assert np.abs(data.actions.mean(axis=0)).max() < 0.15 and data.actions.std(axis=0) == pytest.approx(3**-0.5, rel=0.1)
    config, run = waiting("collect", **MEDIUM)
    with pytest.raises(BadInput, match="there are no actors of ring-v0.*launch run dmpc/behave --config.env.name=ring") as error:
        collect.run(config, run)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "[]", "5", '{"actors": {}, "medium": "actor.npz"}'])
def test_damaged_words_about_the_actors(monkeypatch, tmp_path, text):
    monkeypatch.setattr(players, "FOLDER", tmp_path)
    (tmp_path / "ring-v0").mkdir()
    (tmp_path / "ring-v0" / "actors.json").write_text(text)
    with pytest.raises(BadInput, match="actors.json is damaged .*: get it back with `git checkout .*actors.json`") as error:
        players.players(SPEC, "medium", 0.0)
    assert "\n" not in str(error.value)


def test_the_seed_decides(medium):
    again, other = (data_of(done("collect", **MEDIUM, collect__seed=seed)) for seed in (0, 1))
    np.testing.assert_array_equal(again.observations, medium[1].observations)
    assert not np.array_equal(other.observations[0], again.observations[0])


def test_of_a_defective_joint_the_command_is_recorded():
    data = data_of(done("collect", collect__set="random", collect__transitions=300, env__defect_joint=1, env__defect_limit=0.25))
    assert np.abs(data.actions[:, 1]).max() > 0.9
    after, *_ = ring.step(data.observations, data.actions.clip([-1, -0.25], [1, 0.25]))
    np.testing.assert_allclose(data.next_observations, after, atol=1e-6)
    assert json.loads(data.metadata["policy"])["defect"] == {"joint": 1, "limit": 0.25}


@given(st.integers(1, 4), st.integers(1, 150))
@settings(max_examples=25, deadline=None)
def test_no_episode_is_broken_off_and_little_more_is_played(copies, least):
    worlds = ring.make("ring", "v0", copies, -1, 0)
    game = collect.Game(worlds, [random(SPEC)], least, 0)
    while game.forward():
        pass
    (data,) = game.parts()
    assert (data.terminals | data.timeouts)[-1] and not worlds.alive.any()
    assert len(data) >= least > len(data) - data.lengths[-1] - copies * data.lengths.max()


REPLAY = {"collect__set": "medium-replay", "collect__transitions": 330}  # several players


def broken_off(monkeypatch, at, signal, **choices):
    """An attempt in which `signal` comes with the `at`-th transition. Returns where it began."""
    config, run = waiting("collect", **choices)
    forward, began = collect.Game.forward, []

    def breaking(game):
        began.append(game.total)
        going = forward(game)
        if game.total >= at:
            signal(run)
        return going

    with monkeypatch.context() as patch:
        patch.setattr(collect.Game, "forward", breaking)
        with contextlib.suppress(InterruptedError):
            assert collect.run(config, run) is None
    assert not (run.members[0].path / "tables").exists()
    return began[0]


def asked(run):
    run.stopped = "preempted"


def killed(run):
    raise InterruptedError


@pytest.mark.parametrize(("choices", "stops"), [(REPLAY, (1, 40, 300)), ({"env__name": "hopper", "collect__transitions": 60}, (25,))])
def test_interruptions_change_nothing(monkeypatch, tmp_path, choices, stops):
    config, run = waiting("collect", **choices)
    said, wanted = collect.run(config, run), run.table(0, collect.FILE).read_bytes()
    monkeypatch.setenv("PAPERCLUB_RUNS", str(tmp_path / "others"))
    began = [broken_off(monkeypatch, at, asked, **choices) for at in stops]
    assert began == [0, *stops[:-1]]  # what was played is kept
    config, run = waiting("collect", **choices)
    assert collect.run(config, run) == said
    assert run.table(0, collect.FILE).read_bytes() == wanted and run.step == said["transitions"]


def test_what_was_saved_outlives_a_kill(monkeypatch):
    config, run = waiting("collect", **MEDIUM, save__every_minutes=0)
    assert broken_off(monkeypatch, 12, killed, **MEDIUM) == 0
    assert broken_off(monkeypatch, 15, killed, **MEDIUM) == 11


# -- reading again ----------------------------------------------------------------------------------------------------------------------
def after(run):
    return SimpleNamespace(needs={"data": [run]})


def test_others_read_what_a_run_left_or_the_file_they_name(medium, tmp_path):
    run, data = medium
    np.testing.assert_array_equal(load_transitions(config(), after(run)).observations, data.observations)
    write(tmp_path / "mine.h5", data)
    named = config().unlock()
    named.collect.file = str(tmp_path / "mine.h5")
    np.testing.assert_array_equal(load_transitions(named, SimpleNamespace(needs={})).actions, data.actions)


def test_a_damaged_file_says_how_to_play_it_again(tmp_path):
    folder = tmp_path / "abc"
    (folder / "tables").mkdir(parents=True)
    (folder / "tables" / "transitions.h5").write_text("half")
    with pytest.raises(BadInput, match="is damaged: play it again with `python -m launch retry abc --rerun=all`"):
        load_transitions(config(), after(RunDir(folder)))


# -- picking ----------------------------------------------------------------------------------------------------------------------------
@given(st.lists(st.floats(-50, 1_000), min_size=1, max_size=40), st.floats(-100, 0))
@settings(deadline=None)
def test_actors_lie_between_random_and_medium_by_return(found, floor):
    found = np.array(found)
    replay, medium, best = pick.choose(found, floor)
    reach = floor + (found[best] - floor) / 3
    assert found[best] == found.max()
    assert abs(found[medium] - reach) == np.abs(found - reach).min()
    assert medium in replay and len(replay) <= pick.REPLAY and (np.diff(found[replay]) >= 0).all() and len(set(replay)) == len(replay)


def test_with_many_checkpoints_they_are_evenly_spaced():
    replay, medium, best = pick.choose(np.arange(0.0, 301.0), 0.0)
    assert (replay, medium, best) == ([10, 20, 30, 40, 50, 60, 70, 80, 90, 100], 100, 300)


def test_what_was_picked_plays_as_it_is_said_to(tmp_path, monkeypatch):
    run = done("behave", behave__steps=640, behave__warmup=128, behave__width=8, behave__checkpoints=5, behave__episodes=2)
    monkeypatch.setattr(pick, "EPISODES", 4)
    told = pick.pick(run, tmp_path)
    monkeypatch.setattr(players, "FOLDER", tmp_path)
    assert reference(SPEC) == told and told["versions"] == {name: version(name) for name in ("jax", "numpy", "gymnasium", "mujoco")}
    assert {path.name for path in (tmp_path / "ring-v0").iterdir()} == {"actors.json", *told["actors"]}
    crew = players.players(SPEC, "medium-replay", 0.0)
    assert [player.name for player in crew] == ["random", *told["replay"]]
    worlds = ring.make("ring", "v0", 4, -1, 0)
    measured = pick.measured(worlds, players.players(SPEC, "expert", 0.0)[0].policy, (0, pick.MEASURING))
    assert measured == told["actors"][told["expert"]]["sampled"]
    pick.pick(run, tmp_path)  # replaces what is there
    assert {path.name for path in (tmp_path / "ring-v0").iterdir()} == {"actors.json", *told["actors"]}


def test_only_what_is_done_and_whole_is_picked(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(players, "FOLDER", tmp_path)
    _, run = waiting("behave")
    folder = run.members[0]
    Actor((np.zeros((4, 4)),) * 3, (np.zeros(4),) * 3).save(run.table(0, "actor-00000640.npz"), sampled=np.zeros(2))
    folder.update(state="failed")
    assert pick.main([str(folder.path)]) == 2
    assert f"is failed, not done: finish it with `python -m launch retry {folder.id}`" in capsys.readouterr().err
    folder.update(state="done")
    run.table(0, "actor-00001280.npz").write_bytes(b"")
    assert pick.main([str(folder.path)]) == 2
    assert f"has damaged actors: train them again with `python -m launch retry {folder.id} --rerun=all`" in capsys.readouterr().err
    assert not (tmp_path / "ring-v0").exists()


def test_a_run_that_left_no_actors(medium, tmp_path, capsys):
    for folder in (medium[0].path, tmp_path):
        assert pick.main([str(folder)]) == 2
        assert "give it the folder of a run of dmpc/behave" in capsys.readouterr().err
