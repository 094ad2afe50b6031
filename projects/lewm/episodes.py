"""Episodes, and the HDF5 files that hold them: the authors' schema, with one row per step, flat over all episodes.

    pixels       uint8 [N, H, W, 3]     left out where frames are drawn from the states
    action       float [N, A]           leads from this row to the next; NaN in the last row of an episode
    state        float [N, S]           may be missing in files of others
    ep_len, ep_offset    int [E]        rows of an episode, and its first one
    episode_idx, step_idx    int [N]    what follows from them, for readers who want it by row
    (any other column of N rows is kept for probes)
"""

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np

from shared.errors import BadInput
from shared.rundir import replacing, want_room

KNOWN = ("pixels", "action", "state", "ep_len", "ep_offset", "episode_idx", "ep_idx", "step_idx")
CACHE = 2**26  # bytes of uncompressed chunks: files of others hold many frames in one
Columns = Mapping[str, h5py.Dataset]


class Column:
    """A column of a file, read when it is indexed and no more than is asked for: a file may be larger than memory."""

    def __init__(self, data: h5py.Dataset):
        self.data, self.shape, self.dtype = data, data.shape, data.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | int | np.ndarray) -> np.ndarray:
        """Of an array of row numbers [...]: [..., *shape of a row]."""
        if isinstance(rows, slice | int):
            return self.data[rows]
        wanted, places = np.unique(rows, return_inverse=True)  # HDF5 wants them increasing, each once
        read = np.empty((len(wanted), *self.shape[1:]), self.dtype)
        for place, row in enumerate(wanted):  # h5py is slower at many rows in one call
            self.data.read_direct(read, np.s_[row], np.s_[place])
        return read[places.reshape(np.shape(rows))]


@dataclass(frozen=True)
class Episodes:
    """The rows of all E episodes lie flat, one episode after the other."""

    actions: np.ndarray  # float32 [N, A]; the last row of an episode is NaN
    states: np.ndarray | None  # float32 [N, S]
    pixels: np.ndarray | Column | None  # uint8 [N, H, W, 3]
    lengths: np.ndarray  # int64 [E]: rows
    offsets: np.ndarray  # int64 [E]: first row
    columns: dict[str, np.ndarray | Column] = field(default_factory=dict)  # what else a file holds, [N, ...]

    @property
    def episode(self) -> np.ndarray:
        """The episode of each row, [N]."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    @property
    def step(self) -> np.ndarray:
        """The step of each row within its episode, [N]."""
        return np.arange(len(self.actions)) - np.repeat(self.offsets, self.lengths)


def from_list(played: list[tuple[np.ndarray, np.ndarray]]) -> Episodes:
    """Of (states [T, S], actions [T-1, A]), one pair per episode."""
    lengths = np.array([len(states) for states, _ in played], np.int64)
    last = np.full((1, played[0][1].shape[1]), np.nan)
    actions = np.concatenate([rows for _, actions in played for rows in (actions, last)], dtype=np.float32)
    states = np.concatenate([states for states, _ in played], dtype=np.float32)
    return Episodes(actions, states, None, lengths, np.cumsum(lengths) - lengths)


# -- writing ----------------------------------------------------------------------------------------------------------------------------
def write(path: Path, episodes: Episodes, frames: Iterable[np.ndarray] | None = None) -> None:
    """Replaces the file at once. `frames` are the pixels of one episode after the other ([T, H, W, 3] uint8), which need never be in memory
    together. Raises BadInput where the disk is full or closed."""
    with replacing(path) as beside:
        want_room(path, 2 * (episodes.actions.nbytes + episodes.states.nbytes + 16 * len(episodes.actions)))  # HDF5 adds to it
        with h5py.File(beside, "w") as file:
            file["action"], file["state"] = episodes.actions, episodes.states
            file["ep_len"], file["ep_offset"] = episodes.lengths, episodes.offsets
            file["episode_idx"], file["step_idx"] = episodes.episode, episodes.step
            if frames is not None:
                write_pixels(path, file, episodes, frames)


def write_pixels(path: Path, file: h5py.File, episodes: Episodes, frames: Iterable[np.ndarray]) -> None:
    """Compressed frame by frame: a clip reads every fifth."""
    column = None
    for offset, pixels in zip(episodes.offsets, frames, strict=True):
        want_room(path, 2 * pixels.nbytes)
        if column is None:
            shape = pixels.shape[1:]
            column = file.create_dataset("pixels", (len(episodes.actions), *shape), "u1", chunks=(1, *shape), compression="lzf")
        column[offset : offset + len(pixels)] = pixels
        column.flush()


# -- reading ----------------------------------------------------------------------------------------------------------------------------
def read(path: Path) -> Episodes:
    """Actions and states are read now, pixels and other columns when they are indexed. Raises BadInput with one line that says what is
    wrong with the file."""
    with contextlib.suppress(ImportError):
        import hdf5plugin  # noqa: F401  registers the filters that the authors' files are compressed with
    if not path.is_file():
        raise BadInput(f"there is no file {path}: give config.collect.file an HDF5 file of episodes")
    try:
        file = h5py.File(path, rdcc_nbytes=CACHE)
        return checked(path, {name: data for name, data in file.items() if isinstance(data, h5py.Dataset)})
    except OSError as error:
        raise BadInput(f"{path} is no whole HDF5 file ({error}): download or write it again") from None


def checked(path: Path, file: Columns) -> Episodes:
    missing = [name for name in ("action", "ep_len", "ep_offset") if name not in file]
    if "pixels" not in file and "state" not in file:
        missing.append("pixels (or state)")
    if missing:
        raise BadInput(f"{path} has no {', no '.join(missing)}, only {', '.join(file)}: name its columns as the authors do")
    for wrong in itertools.chain(wrong_filters(file), wrong_shapes(file), wrong_values(file)):
        raise BadInput(f"{path}: {wrong}")
    rows = len(file["action"])
    return Episodes(
        actions=file["action"][:].astype(np.float32),
        states=file["state"][:].astype(np.float32) if "state" in file else None,
        pixels=Column(file["pixels"]) if "pixels" in file else None,
        lengths=file["ep_len"][:].astype(np.int64),
        offsets=file["ep_offset"][:].astype(np.int64),
        columns={name: Column(data) for name, data in file.items() if name not in KNOWN and data.shape[:1] == (rows,)},
    )


def wrong_filters(file: Columns) -> Iterator[str]:
    """What was compressed by something that is not installed."""
    for name, data in file.items():
        made = data.id.get_create_plist()
        for number, *_ in (made.get_filter(index) for index in range(made.get_nfilters())):
            if not h5py.h5z.filter_avail(number):
                yield f"{name} is compressed by HDF5 filter {number}, which is not installed: pip install hdf5plugin"


def wrong_shapes(file: Columns) -> Iterator[str]:
    """What is wrong with the columns at first sight. Only the first line counts: later ones may be nonsense."""

    def kind(name: str) -> str:
        return f"{name} is {file[name].dtype} {list(file[name].shape)}"

    for name in ("action", "state"):
        if name in file and not (file[name].ndim == 2 and file[name].dtype.kind == "f"):
            yield f"{kind(name)}: write floats [rows, numbers]"
    if "pixels" in file and not (file["pixels"].ndim == 4 and file["pixels"].shape[3] == 3 and file["pixels"].dtype == np.uint8):
        yield f"{kind('pixels')}: write uint8 [rows, height, width, 3]"
    for name in ("ep_len", "ep_offset"):
        if not (file[name].ndim == 1 and file[name].dtype.kind in "iu"):
            yield f"{kind(name)}: write whole numbers [episodes]"
    for name in ("state", "pixels"):
        if name in file and len(file[name]) != len(file["action"]):
            yield f"{name} has {len(file[name])} rows and action {len(file['action'])}: write one row per step in both"


def wrong_values(file: Columns) -> Iterator[str]:
    """What is wrong with what they hold."""
    actions, lengths, offsets = file["action"][:], file["ep_len"][:].astype(np.int64), file["ep_offset"][:].astype(np.int64)
    if (lengths < 1).any() or lengths.sum() != len(actions) or not np.array_equal(offsets, np.cumsum(lengths) - lengths):
        yield f"ep_len and ep_offset do not cover its {len(actions)} rows, episode after episode: write ep_offset = cumsum(ep_len) - ep_len"
    if not len(lengths):
        yield "it holds no episode: take another file"
    known = np.isfinite(actions).all(axis=1)
    known[offsets + lengths - 1] = True  # the last action leads nowhere
    if not known.all():
        yield f"action is no number in row {known.argmin()}, which is not the last of its episode: leave the episode out"
    known = np.isfinite(file["state"][:]).all(axis=1) if "state" in file else known
    if not known.all():
        yield f"state is no number in row {known.argmin()}: leave the episode out"
