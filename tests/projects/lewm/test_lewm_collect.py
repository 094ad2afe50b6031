"""Collecting: what a run leaves behind, what it does when it is asked to stop, and what readers of its file are told."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import helpers
import numpy as np
import pytest

from configs.lewm.base import get_config
from launch import sweep
from launch.plan import build
from projects.lewm import collect
from projects.lewm.collect import load_episodes
from projects.lewm.envs import environment
from projects.lewm.episodes import from_list, read, write
from shared.errors import BadInput
from shared.run import Run
from shared.rundir import RunDir

ROOM = environment("tworoom")


def plan(**fields):
    words = [f"--config.{name.replace('__', '.')}={value}" for name, value in fields.items()]
    return build("lewm/collect", "smoke", words, single=True)


def done(**fields) -> RunDir:
    """A finished run of the collection."""
    wanted = plan(**fields)
    assert helpers.compute(wanted) == 0
    return next(iter(wanted.runs.values())).dir


def episodes(run: RunDir):
    return read(run.path / "tables" / "episodes.h5")


def settings(**fields):
    config = get_config("smoke").unlock()
    config.env.actions, config.collect.policy = 2, "expert"
    config.update_from_flattened_dict({name.replace("__", "."): value for name, value in fields.items()})
    return config


def after(run: RunDir):
    """What an entry sees of a run whose data is that one."""
    return SimpleNamespace(needs={"data": [run]})


def test_a_run_leaves_its_episodes_and_their_numbers():
    run = done()
    left, said = episodes(run), helpers.final(run)
    assert said["episodes"] == len(left.lengths) == 24
    assert said["steps"] == len(left.actions) - 24
    assert said["mean_length"] == left.lengths.mean()
    assert said["ended"] == (left.lengths < 41).mean()
    assert left.lengths.max() == 41 and left.pixels is None
    assert [path.name for path in (run.path / "tables").iterdir()] == ["episodes.h5"]


def test_they_are_what_the_environment_played(monkeypatch):
    monkeypatch.setattr(collect, "CHUNK", 10)
    left = episodes(done())
    np.testing.assert_array_equal(left.states[left.offsets[10]], ROOM.collect("expert", 10, 40, seed_of(0, 10))[0][0][0])
    first = [tuple(left.states[offset]) for offset in left.offsets]
    assert len(set(first)) == 24  # no chunk repeats another
    for offset, length in zip(left.offsets, left.lengths, strict=True):
        actions, states = left.actions[offset : offset + length - 1], left.states[offset : offset + length]
        np.testing.assert_array_equal(ROOM.rollout(states[:1], actions[None])[0], states[1:])


def seed_of(seed, episode):
    return int(np.random.SeedSequence([seed, episode]).generate_state(1)[0] >> 1)


def test_the_seed_decides():
    first, other = episodes(done()), episodes(done(collect__seed=1))
    assert not np.array_equal(first.states[0], other.states[0])


def test_frames_are_stored_where_only_a_simulator_can_draw():
    config = settings(collect__pixels=16, collect__episodes=3, collect__steps=30)
    run, path = unplayed()
    collect.run(config, run)
    left = read(path)
    np.testing.assert_array_equal(left.pixels[:], ROOM.photograph(left.states, 16))


def unplayed() -> tuple[Run, Path]:
    """A run that no worker carries, and where its episodes will be."""
    wanted = plan()
    sweep.create(wanted)
    directory = next(iter(wanted.runs.values())).dir
    return Run([directory], (), {}, {}), directory.path / "tables" / "episodes.h5"


@pytest.mark.parametrize("pixels", [0, 16])
def test_asked_to_stop_it_leaves_nothing_half(pixels, monkeypatch):
    monkeypatch.setattr(collect, "CHUNK", 2)
    config = settings(collect__pixels=pixels, collect__episodes=6, collect__steps=30)
    run, path = unplayed()
    slow = "photograph" if pixels else "collect"

    def stopping(*words):
        run.stopped = "preempted"
        return getattr(ROOM, slow)(*words)

    monkeypatch.setattr(collect, "environment", lambda name: replace(ROOM, **{slow: stopping}))
    assert collect.run(config, run) is None
    assert not path.parent.exists() or not list(path.parent.iterdir())


# -- reading again ----------------------------------------------------------------------------------------------------------------------
def test_others_read_what_the_run_left():
    run = done()
    np.testing.assert_array_equal(load_episodes(settings(), after(run)).states, episodes(run).states)


def test_a_damaged_file_names_the_command_that_plays_it_again():
    run = done()
    path = run.path / "tables" / "episodes.h5"
    for spoil in (lambda: path.write_bytes(path.read_bytes()[:-100]), path.unlink):
        spoil()
        with pytest.raises(BadInput, match=f"python -m launch retry {run.id} --rerun=all"):
            load_episodes(settings(), after(run))


@pytest.fixture
def given_file(tmp_path):
    """given_file(size of an action, size of a state, image): the config that names a file like that."""

    def make(actions, states, image=None, **fields):
        path = tmp_path / "theirs.h5"
        frames = None if image is None else [np.zeros((30, *image, 3), np.uint8)] * 2
        write(path, from_list([(np.zeros((30, states)), np.zeros((29, actions)))] * 2), frames)
        return settings(collect__file=str(path), **fields)

    return make


def test_a_file_of_ones_own(given_file):
    left = load_episodes(given_file(2, 2), SimpleNamespace(needs={}))
    assert left.lengths.tolist() == [30, 30]
    left = load_episodes(given_file(2, 9, (16, 16)), SimpleNamespace(needs={}))
    assert left.states is None and left.columns["state"].shape == (60, 9) and left.pixels.shape == (60, 16, 16, 3)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((5, 2), "has actions of 5 numbers, not 2: set --config.env.actions=5"),
        ((2, 2, (20, 20)), "has images of 20 pixels, not 16: set --config.images.size=20"),
        ((2, 2, (16, 20)), "has images of 16 x 20 pixels: write square ones"),
        ((2, 3), "its states are not the 2 numbers of tworoom: add pixels"),
    ],
)
def test_a_file_that_does_not_suit(given_file, shape, words):
    with pytest.raises(BadInput, match=words):
        load_episodes(given_file(*shape), SimpleNamespace(needs={}))


def test_states_alone_do_not_do_where_nothing_draws_them(given_file, monkeypatch):
    monkeypatch.setattr(collect, "environment", lambda name: replace(ROOM, draw=None))
    with pytest.raises(BadInput, match="cannot be drawn from its states: add pixels"):
        load_episodes(given_file(2, 2), SimpleNamespace(needs={}))


def test_a_file_that_is_not_there():
    with pytest.raises(BadInput, match="there is no file /no/such.h5: give config.collect.file"):
        load_episodes(settings(collect__file="/no/such.h5"), SimpleNamespace(needs={}))
