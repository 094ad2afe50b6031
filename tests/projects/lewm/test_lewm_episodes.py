"""Episode files: what is written is read, of pixels only what is asked for, and what is wrong with a file is said in one line."""

import shutil
import subprocess
import sys
from types import SimpleNamespace

import h5py
import hdf5plugin
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from launch.configs import ROOT
from projects.lewm.episodes import Column, from_list, read, write
from shared.errors import BadInput

LENGTHS = (5, 1, 7)


def played(lengths=LENGTHS):
    rng = np.random.default_rng(0)
    return [(rng.normal(size=(n, 3)).astype(np.float32), rng.normal(size=(n - 1, 2)).astype(np.float32)) for n in lengths]


@pytest.fixture
def good(tmp_path):
    """A sound file of three episodes with pixels, to be spoilt."""
    path = tmp_path / "episodes.h5"
    write(path, from_list(played()), (np.full((n, 4, 4, 3), n, np.uint8) for n in LENGTHS))
    return path


def replace(path, **columns):
    """Columns of a file anew; None: gone."""
    with h5py.File(path, "r+") as file:
        for name, values in columns.items():
            if name in file:
                del file[name]
            if values is not None:
                file[name] = values


def column(path, name):
    with h5py.File(path) as file:
        return file[name][:]


# -- what is in them --------------------------------------------------------------------------------------------------------------------
def test_episodes_lie_flat_and_their_last_action_leads_nowhere():
    episodes = from_list(played())
    assert episodes.lengths.tolist() == [5, 1, 7] and episodes.offsets.tolist() == [0, 5, 6]
    assert np.isnan(episodes.actions).all(axis=1).nonzero()[0].tolist() == [4, 5, 12]
    assert episodes.episode.tolist() == [0] * 5 + [1] + [2] * 7
    assert episodes.step.tolist() == [0, 1, 2, 3, 4, 0, 0, 1, 2, 3, 4, 5, 6]
    for number, (states, actions) in enumerate(played()):
        mine = episodes.episode == number
        np.testing.assert_array_equal(episodes.states[mine], states)
        np.testing.assert_array_equal(episodes.actions[mine][:-1], actions)


def test_what_is_written_is_read(good):
    wanted, got = from_list(played()), read(good)
    for name in ("actions", "states", "lengths", "offsets"):
        np.testing.assert_array_equal(getattr(got, name), getattr(wanted, name))
    np.testing.assert_array_equal(got.pixels[:][:, 0, 0, 0], np.repeat(LENGTHS, LENGTHS))
    assert got.columns == {}


def test_readers_of_the_schema_find_every_column(good):
    with h5py.File(good) as file:
        assert set(file) == {"pixels", "action", "state", "ep_len", "ep_offset", "episode_idx", "step_idx"}
        np.testing.assert_array_equal(file["episode_idx"][:], np.repeat([0, 1, 2], LENGTHS))
        np.testing.assert_array_equal(file["step_idx"][:], [*range(5), 0, *range(7)])


def test_files_of_others(good):
    """They number episodes in ep_idx, have no states, use doubles, and have columns of their own."""
    numbers, qpos = column(good, "episode_idx"), np.arange(26.0).reshape(13, 2)
    replace(good, state=None, episode_idx=None, ep_idx=numbers, action=column(good, "action").astype(np.float64), qpos=qpos, note=b"hello")
    got = read(good)
    assert got.states is None and got.actions.dtype == np.float32
    assert set(got.columns) == {"qpos"}
    np.testing.assert_array_equal(got.columns["qpos"][np.array([3, 1])], qpos[[3, 1]])


def test_a_last_action_that_is_a_number_is_no_error(good):
    actions = np.nan_to_num(column(good, "action"))
    replace(good, action=actions)
    np.testing.assert_array_equal(read(good).actions, actions)


def test_the_authors_compression_is_read(good):
    pixels = np.random.default_rng(0).integers(0, 255, (13, 4, 4, 3), np.uint8)
    with h5py.File(good, "r+") as file:
        del file["pixels"]
        file.create_dataset("pixels", data=pixels, chunks=(4, 4, 4, 3), **hdf5plugin.Blosc())
    np.testing.assert_array_equal(read(good).pixels[:], pixels)
    reader = "import sys; from pathlib import Path; from projects.lewm.episodes import read; print(read(Path(sys.argv[1])).pixels[:].sum())"
    done = subprocess.run([sys.executable, "-c", reader, str(good)], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert int(done.stdout) == pixels.sum(), done.stderr  # in a process that has not heard of the plugin


# -- pixels -----------------------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    values = np.random.default_rng(0).integers(0, 255, (40, 2, 2, 3), np.uint8)
    file = h5py.File(tmp_path_factory.mktemp("h5") / "pixels.h5", "w")
    return file.create_dataset("pixels", data=values, chunks=(7, 2, 2, 3), compression="lzf"), values


@given(st.lists(st.lists(st.integers(0, 39), min_size=4, max_size=4), max_size=8), st.booleans())
@settings(deadline=None)
def test_a_column_is_indexed_like_an_array(stored, rows, flat):
    """In any order and shape, with repetition."""
    data, values = stored
    rows = np.array(rows, int).reshape(-1, 4)
    rows = rows.ravel() if flat else rows
    np.testing.assert_array_equal(Column(data)[rows], values[rows])


def test_a_column_reads_no_more_than_is_asked_for(stored):
    data, values = stored

    class Watched:
        shape, dtype, rows = data.shape, data.dtype, []

        def read_direct(self, into, source, target):
            self.rows.append(source)
            data.read_direct(into, source, target)

    Column(Watched())[np.array([[9, 3], [3, 30]])]
    assert Watched.rows == [3, 9, 30]
    np.testing.assert_array_equal(Column(data)[2:5], values[2:5])
    assert len(Column(data)) == 40


# -- what can be wrong ------------------------------------------------------------------------------------------------------------------
def complaint(path):
    with pytest.raises(BadInput) as caught:
        read(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["action", "ep_len", "ep_offset"])
def test_a_missing_column_is_named(good, name):
    replace(good, **{name: None})
    assert f"has no {name}, only" in complaint(good)


def test_neither_pixels_nor_states(good):
    replace(good, pixels=None, state=None)
    assert "has no pixels (or state)" in complaint(good)


@pytest.mark.parametrize(
    ("name", "spoil", "words"),
    [
        ("action", lambda action: np.nan_to_num(action).astype(np.int32), "action is int32 [13, 2]: write floats"),
        ("action", lambda action: action[:, 0], "action is float32 [13]: write floats [rows, numbers]"),
        ("pixels", lambda pixels: pixels / 255, "pixels is float64 [13, 4, 4, 3]: write uint8"),
        ("pixels", lambda pixels: pixels[..., 0], "pixels is uint8 [13, 4, 4]: write uint8 [rows, height, width, 3]"),
        ("pixels", lambda pixels: pixels.transpose(0, 3, 1, 2), "[13, 3, 4, 4]: write uint8 [rows, height, width, 3]"),
        ("pixels", lambda pixels: pixels[1:], "pixels has 12 rows and action 13"),
        ("state", lambda state: state[:-2], "state has 11 rows and action 13"),
        ("ep_len", lambda lengths: lengths.astype(float), "ep_len is float64 [3]: write whole numbers"),
        ("ep_len", lambda lengths: lengths + 1, "write ep_offset = cumsum(ep_len) - ep_len"),
        ("ep_len", lambda lengths: lengths[:-1], "write ep_offset = cumsum(ep_len) - ep_len"),
        ("ep_len", lambda lengths: lengths - [0, 1, -1], "write ep_offset = cumsum(ep_len) - ep_len"),
        ("ep_offset", lambda offsets: offsets[::-1], "write ep_offset = cumsum(ep_len) - ep_len"),
        ("state", lambda state: np.where(np.arange(13)[:, None] == 3, np.inf, state), "state is no number in row 3"),
        ("action", lambda action: np.where(np.arange(13)[:, None] == 7, np.nan, action), "action is no number in row 7"),
    ],
)
def test_what_is_wrong_with_a_column_is_said(good, name, spoil, words):
    replace(good, **{name: spoil(column(good, name))})
    assert words in complaint(good)


def test_a_file_without_an_episode(good):
    replace(good, action=np.zeros((0, 2)), state=np.zeros((0, 3)), pixels=None, ep_len=np.zeros(0, int), ep_offset=np.zeros(0, int))
    assert "holds no episode" in complaint(good)


def test_a_filter_that_is_not_installed(good):
    with h5py.File(good, "r+") as file:
        del file["state"]
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_chunk((13, 3))
        made.set_filter(300, h5py.h5z.FLAG_OPTIONAL)
        h5py.h5d.create(file.id, b"state", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((13, 3)), made)
    assert "state is compressed by HDF5 filter 300, which is not installed: pip install hdf5plugin" in complaint(good)


def test_a_file_that_is_none(tmp_path, good):
    assert "there is no file" in complaint(tmp_path / "nothing.h5")
    text = tmp_path / "text.h5"
    text.write_text("episodes")
    assert "is no whole HDF5 file" in complaint(text)
    half = tmp_path / "half.h5"
    half.write_bytes(good.read_bytes()[:-500])
    assert "is no whole HDF5 file" in complaint(half)


# -- writing ----------------------------------------------------------------------------------------------------------------------------
def test_a_file_is_replaced_at_once(good):
    """Whoever reads while another writes, or after it failed, finds the old one and nothing else."""
    before = good.read_bytes()

    def frames():
        for length in LENGTHS:
            assert good.read_bytes() == before
            yield np.zeros((length, 4, 4, 3), np.uint8)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(good, from_list(played()), frames())
    assert good.read_bytes() == before and list(good.parent.iterdir()) == [good]


def test_a_closed_folder_is_said_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="PAPERCLUB_RUNS"):
        write(tmp_path / "file" / "episodes.h5", from_list(played()))


@pytest.mark.parametrize("filled", [0, 1])
def test_a_full_disk_is_said_in_one_line(good, monkeypatch, filled):
    """Also when it fills up between two episodes; HDF5 would crash the process."""
    free, before = iter([2**30] * filled + [2**20] * 9), good.read_bytes()
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=next(free)))
    with pytest.raises(BadInput, match="no disk space left"):
        write(good, from_list(played()), (np.zeros((length, 4, 4, 3), np.uint8) for length in LENGTHS))
    assert good.read_bytes() == before and list(good.parent.iterdir()) == [good]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5))
@settings(max_examples=20, deadline=None)
def test_any_lengths_come_back(tmp_path_factory, lengths):
    path = tmp_path_factory.mktemp("any") / "episodes.h5"
    write(path, from_list(played(lengths)))
    got = read(path)
    assert got.lengths.tolist() == lengths and got.pixels is None
    for (states, actions), offset, length in zip(played(lengths), got.offsets, got.lengths, strict=True):
        np.testing.assert_array_equal(got.states[offset : offset + length], states)
        np.testing.assert_array_equal(got.actions[offset : offset + length - 1], actions)
