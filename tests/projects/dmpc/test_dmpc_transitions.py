"""Files of transitions: every format gives the same episodes, and what is wrong with a file is said in one line."""

import json
import shutil
from dataclasses import fields, replace
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from dmpc_world import SPEC, transitions
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.dmpc.transitions import KEYS, MINARI_FILE, MINARI_METADATA, find, joined, read, write
from shared.errors import BadInput

EPISODES = [(3, True), (5, False), (1, True)]


def columns(data):
    return {one.name: getattr(data, one.name) for one in fields(data) if one.name != "metadata"}


def same(one, other, but=()):
    for name, values in columns(one).items():
        if name not in but:
            np.testing.assert_array_equal(values, getattr(other, name), err_msg=name)
            assert values.dtype == getattr(other, name).dtype


def minari(folder, data, infos=1):
    """As Minari writes it; `infos`: rows that it has more of them than of actions; None: it has none."""
    path = folder / MINARI_FILE
    path.parent.mkdir(parents=True)
    with h5py.File(path, "w") as file:
        for number, (first, end) in enumerate(zip(data.offsets, data.ends + 1, strict=True)):
            group = file.create_group(f"episode_{number}")
            group["observations"] = np.concatenate([data.observations[first:end], data.next_observations[end - 1 : end]]).astype(float)
            group["actions"], group["rewards"] = data.actions[first:end], data.rewards[first:end].astype(float)
            group["terminations"], group["truncations"] = data.terminals[first:end], data.timeouts[first:end]
            if infos is not None:
                for name in ("qpos", "qvel"):
                    group[f"infos/{name}"] = np.concatenate([getattr(data, name)[first:end], np.zeros((infos, 2))])
    return folder


@pytest.fixture
def data():
    return transitions(EPISODES)


@pytest.fixture
def good(tmp_path, data):
    """A sound file, to be spoilt."""
    path = tmp_path / "data.h5"
    write(path, data)
    return path


def spoil(path, **changes):
    """Columns of a file anew; None: gone."""
    with h5py.File(path, "r+") as file:
        for name, values in changes.items():
            del file[name]
            if values is not None:
                file[name] = values


# -- in memory --------------------------------------------------------------------------------------------------------------------------
def test_episodes_end_by_failure_or_by_the_time_limit(data):
    assert data.ends.tolist() == [2, 7, 8] and data.offsets.tolist() == [0, 3, 8] and data.lengths.tolist() == [3, 5, 1]
    np.testing.assert_allclose(data.returns, [data.rewards[:3].sum(), data.rewards[3:8].sum(), data.rewards[8]], rtol=1e-6)


def test_data_sets_follow_each_other(data):
    both = joined([data, transitions([(4, False)])])
    assert both.lengths.tolist() == [3, 5, 1, 4] and both.qpos.shape == (13, 2)


# -- formats ----------------------------------------------------------------------------------------------------------------------------
@given(st.lists(st.tuples(st.integers(1, 6), st.booleans()), min_size=1, max_size=4))
@settings(max_examples=15, deadline=None)
def test_every_format_gives_the_same_episodes(tmp_path_factory, episodes):
    folder, data = tmp_path_factory.mktemp("formats"), transitions(episodes)
    write(folder / "data.h5", data)
    same(read(folder / "data.h5", SPEC), data)
    same(read(minari(folder / "minari", data), SPEC), data)


@pytest.mark.parametrize("infos", [0, None])
def test_minari_with_fewer_infos_or_none(tmp_path, data, infos):
    got = read(minari(tmp_path / "set", data, infos=infos), SPEC)
    same(data, got, but=("qpos", "qvel") if infos is None else ())
    assert (got.qpos is None) == (infos is None)


def test_minari_numbers_its_episodes(tmp_path):
    data = transitions([(2, False)] * 12)
    assert read(minari(tmp_path / "set", data), SPEC).observations[:, 0].tolist() == data.observations[:, 0].tolist()


def test_the_columns_are_those_of_d4rl(good):
    with h5py.File(good) as file:
        assert set(file) == {*KEYS, "infos"} and set(file["infos"]) == {"qpos", "qvel"}
        assert file["terminals"].dtype == bool and file["observations"].dtype == np.float32


def test_files_of_others(good, data):
    """Doubles, flags as numbers, no infos, a last episode that breaks off, and metadata of their own."""
    spoil(good, infos=None, observations=data.observations.astype(float), terminals=data.terminals.astype(np.uint8))
    spoil(good, terminals=np.r_[data.terminals[:-1], False])
    with h5py.File(good, "r+") as file:
        file["metadata/policy/fc0/weight"] = np.zeros(3)
        file["metadata/algorithm"] = "SAC"
    got = read(good, SPEC)
    same(got, data, but=("qpos", "qvel", "terminals", "timeouts"))
    assert got.qpos is None and got.lengths.tolist() == [3, 5, 1] and got.timeouts[-1] and got.metadata == {}


def test_who_fails_in_the_last_step_has_failed(good, data):
    spoil(good, timeouts=data.timeouts | data.terminals)
    same(read(good, SPEC), data)


def test_rounding_is_no_error(good, data):
    spoil(good, actions=np.where(data.actions > 0, 1 + 1e-6, data.actions))
    assert read(good, SPEC).actions.max() == 1


def test_a_name_of_minari_is_found_on_this_machine(tmp_path, monkeypatch, data):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    minari(tmp_path / "mujoco" / "hopper" / "medium-v0", data)
    same(read(find("mujoco/hopper/medium-v0"), SPEC), data)
    with pytest.raises(BadInput, match="minari download mujoco/hopper/expert-v0"):
        find("mujoco/hopper/expert-v0")


# -- what can be wrong ------------------------------------------------------------------------------------------------------------------
def complaint(path, spec=SPEC):
    before = [(file, file.read_bytes()) for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file()]
    with pytest.raises(BadInput) as caught:
        read(path, spec)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)
    assert all(file.read_bytes() == content for file, content in before)
    return str(caught.value)


@pytest.mark.parametrize("name", KEYS)
def test_a_missing_column_is_named(good, name):
    spoil(good, **{name: None})
    assert f"has no {name}, only" in complaint(good)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("observations", lambda values: np.where(np.arange(9)[:, None] == 4, np.nan, values), "observations is no number in row 4"),
        ("rewards", lambda values: np.where(np.arange(9) == 8, np.inf, values), "rewards is no number in row 8"),
        ("terminals", lambda values: np.where(np.arange(9) == 3, np.nan, values), "terminals is no number in row 3"),
        ("timeouts", lambda values: np.where(np.arange(9) == 1, np.nan, values), "timeouts is no number in row 1"),
        ("infos/qvel", lambda values: np.where(np.arange(9)[:, None] == 6, np.nan, values), "qvel is no number in row 6"),
        ("actions", lambda values: 3 * values, "the environment takes them from -1 to 1"),
        ("actions", lambda values: values[:, :1], "actions is float32 [9, 1] and ring has 2 numbers"),
        ("observations", lambda values: values[:, 1:], "observations is float32 [9, 3] and ring has 4 numbers: set --config.env.name"),
        ("rewards", lambda values: values[:, None], "rewards is float32 [9, 1]: write one number per transition"),
        ("rewards", lambda values: values[1:], "rewards has 8 rows and observations 9"),
        ("timeouts", lambda values: b"none", "timeouts is"),
        ("infos/qpos", lambda values: np.zeros((9, 7)), "infos/qpos is [9, 7] and ring has 2 numbers"),
    ],
)
def test_what_is_wrong_with_a_column_is_said(good, data, name, change, words):
    spoil(good, **{name: change(getattr(data, name.split("/")[-1]))})
    assert words in complaint(good)


def test_no_episode_ends(good):
    spoil(good, terminals=np.zeros(9, bool), timeouts=np.zeros(9, bool))
    assert "neither terminals nor timeouts say where an episode ends" in complaint(good)


def test_an_episode_ends_where_the_next_row_begins_elsewhere(good, data):
    """Flag or not, and no window goes across; two states that were but rounded apart are one."""
    lengths = data.lengths.tolist()
    spoil(good, timeouts=np.zeros(9, bool))
    assert read(good, SPEC).lengths.tolist() == lengths and read(good, SPEC).timeouts.sum() == data.timeouts.sum()
    spoil(good, timeouts=data.timeouts, next_observations=data.next_observations * (1 + 1e-6))
    assert read(good, SPEC).lengths.tolist() == lengths


def test_an_episode_beyond_the_time_limit(tmp_path):
    write(tmp_path / "long.h5", transitions([(3, True), (SPEC.limit + 1, False)]))
    assert f"the episode from row 3 on has {SPEC.limit + 1} steps and ring ends after {SPEC.limit}" in complaint(tmp_path / "long.h5")
    write(tmp_path / "long.h5", transitions([(SPEC.limit, False), (SPEC.limit, True)]))
    assert len(read(tmp_path / "long.h5", SPEC)) == 2 * SPEC.limit


def test_no_transition(good):
    with h5py.File(good, "r+") as file:
        for name, values in [(name, file[name][:0]) for name in KEYS]:
            del file[name]
            file[name] = values
        del file["infos"]
    assert "holds no transition" in complaint(good)


@pytest.mark.parametrize(("name", "value"), [("env", "hopper"), ("version", "v5")])
def test_another_environment(good, name, value):
    with h5py.File(good, "r+") as file:
        file[f"metadata/{name}"] = value
    assert f"it was played in {name} {value} and not in" in complaint(good)


def test_files_that_are_none(tmp_path, good):
    text = tmp_path / "text.h5"
    text.write_text("transitions")
    assert "is no whole HDF5 file" in complaint(text)
    half = tmp_path / "half.h5"
    half.write_bytes(good.read_bytes()[:-500])
    assert "is no whole HDF5 file" in complaint(half)
    (tmp_path / "folder").mkdir()
    assert "has no data/main_data.hdf5" in complaint(tmp_path / "folder")


def test_minari_without_episodes_without_a_column_or_in_parts(tmp_path, data):
    folder = minari(tmp_path / "set", data)
    with h5py.File(folder / MINARI_FILE, "r+") as file:
        file["episode_1/more/x"] = file["episode_1/observations"][:]
        del file["episode_1/observations"]
        file.move("episode_1/more", "episode_1/observations")
    assert "observations of /episode_1 is made of parts" in complaint(folder)
    with h5py.File(folder / MINARI_FILE, "r+") as file:
        del file["episode_0/truncations"]
    assert "/episode_0 has no truncations" in complaint(folder)
    with h5py.File(folder / MINARI_FILE, "r+") as file:
        for name in list(file):
            del file[name]
    assert "holds no episode" in complaint(folder)


def test_minari_tells_the_environment(tmp_path, data):
    folder = minari(tmp_path / "set", data)
    for id in ("Ring-v0", "paper/Ring-v0"):
        (folder / MINARI_METADATA).write_text(json.dumps({"env_spec": json.dumps({"id": id})}))
        assert read(folder, SPEC).metadata == {"env": "ring", "version": "v0"}
    for told in ({}, {"env_spec": None}):
        (folder / MINARI_METADATA).write_text(json.dumps(told))
        assert read(folder, SPEC).metadata == {}


@pytest.mark.parametrize(
    ("id", "words"),
    [
        ("Walker2d-v5", "it was played in env walker2d and not in halfcheetah: set --config.env.name"),
        ("mujoco/HalfCheetah-v5", "it was played in version v5 and not in v4: set --config.env.version"),
        ("D4RL/PointMaze-UMaze-v3", "it was played in pointmaze, which is not one of ring, halfcheetah, hopper, walker2d: take"),
    ],
)
def test_minari_of_another_environment(tmp_path, data, id, words):
    """Before its sizes are looked at: those of HalfCheetah and Walker2d are the same."""
    folder = minari(tmp_path / "set", data)
    (folder / MINARI_METADATA).write_text(json.dumps({"env_spec": json.dumps({"id": id, "max_episode_steps": 1000})}))
    assert words in complaint(folder, replace(SPEC, name="halfcheetah", version="v4"))


@pytest.mark.parametrize("text", ["", "[]", *(f'{{"env_spec": "{spec}"}}' for spec in ("half", "{}", "5", '{\\"id\\": 5}'))])
def test_metadata_of_minari_that_are_damaged(tmp_path, data, text):
    folder = minari(tmp_path / "set", data)
    (folder / MINARI_METADATA).write_text(text)
    assert "metadata.json is damaged" in complaint(folder)


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("episode_last/rewards", np.zeros(3), "episode_last is no episode: leave it out"),
        ("episode_7", np.zeros(3), "episode_7 is no episode: leave it out"),
        ("episode_1/rewards", 0.5, "rewards of /episode_1 is a single value: write one row per step"),
        ("episode_1/infos/qpos", 0.5, "infos/qpos of /episode_1 is a single value: write one row per step"),
        ("episode_1/rewards", np.zeros(4), "/episode_1 has 4 rows of rewards and 5 actions"),
        ("episode_1/observations", np.zeros((6, 3)), "a row of observations is [3] in episode_1 and [4] in episode_0"),
        ("episode_2/infos/qvel", np.zeros((1, 3)), "a row of qvel is [3] in episode_2 and [2] in episode_0"),
    ],
)
def test_what_is_wrong_with_an_episode_of_minari_is_said(tmp_path, data, name, values, words):
    folder = minari(tmp_path / "set", data)
    with h5py.File(folder / MINARI_FILE, "r+") as file:
        if name in file:
            del file[name]
        file[name] = values
    assert words in complaint(folder)


# -- writing ----------------------------------------------------------------------------------------------------------------------------
def test_a_full_disk_is_said_in_one_line_and_the_old_file_stays(good, data, monkeypatch):
    before = good.read_bytes()
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=2**20))
    with pytest.raises(BadInput, match="no disk space left"):
        write(good, data)
    assert good.read_bytes() == before and list(good.parent.iterdir()) == [good]
