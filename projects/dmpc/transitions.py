"""Data sets of transitions in memory, and the files that hold them.

D4RL's schema, in one HDF5 file; episodes lie one after the other, and one ends where terminals or timeouts say so:
    observations, next_observations   float32 [N, S]
    actions                           float32 [N, A], as commanded
    rewards                           float32 [N]
    terminals, timeouts               bool [N]: ended by failure, by the time limit
    infos/qpos, infos/qvel            float64 [N, P], [N, V], of the simulator at the observation; may be missing
    metadata/env, version, policy     text, in files of our own; policy is the JSON of who played
Minari's, a folder with data/main_data.hdf5: a group per episode with observations [T + 1, S], actions [T, A], rewards, terminations and
truncations [T], and infos/qpos and qvel of T or T + 1 rows, which may be missing. data/metadata.json beside it names the environment, in
the JSON of Gymnasium's specification.
"""

import itertools
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np

from projects.dmpc.envs import MODULES, Spec
from shared.errors import BadInput
from shared.rundir import replacing, want_room

KEYS = ("observations", "actions", "rewards", "terminals", "timeouts", "next_observations")
INFOS = ("qpos", "qvel")
METADATA = ("env", "version", "policy")
MINARI = ("observations", "actions", "rewards", "terminations", "truncations")
MINARI_FILE, MINARI_METADATA = Path("data", "main_data.hdf5"), Path("data", "metadata.json")
ROUNDING = 1e-5  # actions so far beyond 1 come from rounding, and two states so near, by the largest of each number, are one
Columns = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Transitions:
    """The rows of all E episodes lie flat, one episode after the other."""

    observations: np.ndarray  # float32 [N, S]
    actions: np.ndarray  # float32 [N, A]
    rewards: np.ndarray  # float32 [N]
    terminals: np.ndarray  # bool [N]
    timeouts: np.ndarray  # bool [N]; also where a file breaks off
    next_observations: np.ndarray  # float32 [N, S]
    qpos: np.ndarray | None = None  # float64 [N, P]
    qvel: np.ndarray | None = None  # float64 [N, V]
    metadata: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rewards)

    @property
    def ends(self) -> np.ndarray:
        """The last row of each episode, int64 [E]."""
        return np.flatnonzero(self.terminals | self.timeouts)

    @property
    def offsets(self) -> np.ndarray:
        """The first row of each episode, int64 [E]."""
        return np.concatenate([[0], self.ends[:-1] + 1])

    @property
    def lengths(self) -> np.ndarray:
        """Rows of each episode, int64 [E]."""
        return self.ends + 1 - self.offsets

    @property
    def returns(self) -> np.ndarray:
        """Undiscounted, float64 [E]."""
        return np.add.reduceat(self.rewards.astype(np.float64), self.offsets)


def joined(parts: Iterable[Transitions]) -> Transitions:
    """One after the other; the metadata of the first."""
    parts = list(parts)
    columns = {name: [getattr(part, name) for part in parts] for name in (*KEYS, *INFOS)}
    known = {name: np.concatenate(arrays) for name, arrays in columns.items() if all(array is not None for array in arrays)}
    return Transitions(**known, metadata=parts[0].metadata)


# -- writing ----------------------------------------------------------------------------------------------------------------------------
def write(path: Path, transitions: Transitions) -> None:
    """Replaces the file at once. Raises BadInput where the disk is full or closed."""
    columns = {name: getattr(transitions, name) for name in KEYS}
    columns |= {f"infos/{name}": getattr(transitions, name) for name in INFOS if getattr(transitions, name) is not None}
    with replacing(path) as beside:
        want_room(path, sum(values.nbytes for values in columns.values()))
        with h5py.File(beside, "w") as file:
            for name, values in columns.items():
                file[name] = values
            for name, text in transitions.metadata.items():
                file[f"metadata/{name}"] = text


# -- reading ----------------------------------------------------------------------------------------------------------------------------
def find(name: str) -> Path:
    """A file of D4RL, a folder of Minari, or the name of a data set that Minari has put on this machine (in $MINARI_DATASETS_PATH, else
    ~/.minari/datasets). Raises BadInput where there is none of them."""
    path = Path(name).expanduser()
    if path.exists():
        return path
    root = Path(os.environ.get("MINARI_DATASETS_PATH") or "~/.minari/datasets").expanduser()
    if (root / name).is_dir():
        return root / name
    raise BadInput(
        f"there is no file, no folder and in {root} no data set {name}: write its path, or get it by pip install minari and "
        f"minari download {name}"
    )


def read(path: Path, spec: Spec) -> Transitions:
    """A file of D4RL or a folder of Minari. Raises BadInput with one line that says what is wrong with it, also where it does not suit the
    environment."""
    folder = path.is_dir()
    if folder and not (path / MINARI_FILE).is_file():
        raise BadInput(f"{path} has no {MINARI_FILE}: take the folder of a Minari data set in its HDF5 format, or an HDF5 file of D4RL's")
    try:
        with h5py.File(path / MINARI_FILE if folder else path) as file:
            columns, metadata = minari(path, file) if folder else d4rl(path, file)
    except OSError as error:
        raise BadInput(f"{path} is no whole HDF5 file ({error}): download or write it again") from None
    for wrong in itertools.chain(
        wrong_environment(metadata, spec), wrong_shapes(columns, spec), wrong_values(columns), wrong_ends(columns, spec)
    ):
        raise BadInput(f"{path}: {wrong}")
    return made(columns, metadata)


def d4rl(path: Path, file: h5py.File) -> tuple[Columns, dict[str, str]]:
    missing = [name for name in KEYS if not isinstance(file.get(name), h5py.Dataset)]
    if missing:
        raise BadInput(f"{path} has no {', no '.join(missing)}, only {', '.join(file)}: name its columns as D4RL does")
    columns = {name: np.asarray(file[name][()]) for name in KEYS}
    columns |= {name: np.asarray(file[f"infos/{name}"][()]) for name in INFOS if isinstance(file.get(f"infos/{name}"), h5py.Dataset)}
    told = {name: file[f"metadata/{name}"] for name in METADATA if f"metadata/{name}" in file}  # others have whole networks there
    return columns, {name: text.asstr()[()] for name, text in told.items() if isinstance(text, h5py.Dataset)}


def minari(path: Path, file: h5py.File) -> tuple[Columns, dict[str, str]]:
    numbers = {name: name.removeprefix("episode_") for name in file if name.startswith("episode_")}
    if not numbers:
        raise BadInput(f"{path} holds no episode: take another data set")
    for name, text in numbers.items():
        if not text.isdecimal() or not isinstance(file[name], h5py.Group):
            raise BadInput(f"{path}: {name} is no episode: leave it out, or name a group episode_0, episode_1 and so on")
    groups = sorted(numbers, key=lambda name: int(numbers[name]))
    episodes = [minari_episode(path, file[name]) for name in groups]
    shared = [name for name in episodes[0] if all(name in one for one in episodes)]
    for name, (group, one) in itertools.product(shared, zip(groups, episodes, strict=True)):
        if one[name].shape[1:] != episodes[0][name].shape[1:]:
            first, found = (list(episode[name].shape[1:]) for episode in (episodes[0], one))
            raise BadInput(f"{path}: a row of {name} is {found} in {group} and {first} in {groups[0]}: leave the episode out")
    return {name: np.concatenate([one[name] for one in episodes]) for name in shared}, minari_metadata(path / MINARI_METADATA)


def minari_metadata(path: Path) -> dict[str, str]:
    """The environment it was played in, as our files tell it; nothing where Minari does not know."""
    try:
        told = json.loads(path.read_text()).get("env_spec") if path.exists() else None
        if told is None:
            return {}
        name, _, version = json.loads(told)["id"].rpartition("/")[2].partition("-")  # mujoco/Walker2d-v5
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{path} is damaged ({error!r}): download the data set again") from None
    return {"env": name.lower(), "version": version}


def minari_episode(path: Path, group: h5py.Group) -> Columns:
    missing = [name for name in MINARI if name not in group]
    if missing:
        raise BadInput(f"{path}: {group.name} has no {', no '.join(missing)}: write it again with Minari")
    known = [*MINARI, *(info for name in INFOS if (info := f"infos/{name}") in group)]
    for name in known:
        if not isinstance(group[name], h5py.Dataset):
            raise BadInput(f"{path}: {name} of {group.name} is made of parts: flatten it to numbers [steps, numbers]")
        if not group[name].shape:
            raise BadInput(f"{path}: {name} of {group.name} is a single value: write one row per step")
    observations, actions, rewards, terminals, timeouts = (group[name][:] for name in MINARI)
    if len(observations) != len(actions) + 1:
        raise BadInput(f"{path}: {group.name} has {len(observations)} observations and {len(actions)} actions: write one more than actions")
    if not terminals[-1:].any():
        timeouts = np.arange(len(timeouts)) == len(timeouts) - 1  # that it ends is told by the group alone
    infos = {name: group[f"infos/{name}"][: len(actions)] for name in INFOS if f"infos/{name}" in known}
    found = (observations[:-1], actions, rewards, terminals, timeouts, observations[1:])
    columns = {**dict(zip(KEYS, found, strict=True)), **infos}
    for name, values in columns.items():
        if len(values) != len(actions):
            raise BadInput(f"{path}: {group.name} has {len(values)} rows of {name} and {len(actions)} actions: write one for each")
    return columns


def wrong_shapes(columns: Columns, spec: Spec) -> Iterator[str]:
    """What is wrong with the columns at first sight. Only the first line counts: later ones may be nonsense."""
    for name, values in columns.items():
        if not values.ndim or values.dtype.kind not in "fiub":
            yield f"{name} is {values.dtype} {list(values.shape)}: write numbers, one row per transition"
    rows = len(columns["observations"])
    if not rows:
        yield "it holds no transition: take another file"
    for name, values in columns.items():
        if len(values) != rows:
            yield f"{name} has {len(values)} rows and observations {rows}: write one row per transition in both"
    for name in ("rewards", "terminals", "timeouts"):
        if columns[name].ndim != 1:
            yield f"{name} is {columns[name].dtype} {list(columns[name].shape)}: write one number per transition"
    for name, size in (("observations", spec.state_size), ("next_observations", spec.state_size), ("actions", spec.action_size)):
        shape = list(columns[name].shape)
        if shape[1:] != [size]:
            yield f"{name} is {columns[name].dtype} {shape} and {spec.name} has {size} numbers: set --config.env.name to its environment"
    for name, size in (("qpos", spec.positions), ("qvel", spec.velocities)):
        if name in columns and list(columns[name].shape[1:]) != [size]:
            yield f"infos/{name} is {list(columns[name].shape)} and {spec.name} has {size} numbers: leave it out or write it again"


def wrong_values(columns: Columns) -> Iterator[str]:
    """What is wrong with what they hold."""
    for name, values in columns.items():
        known = np.isfinite(values).reshape(len(values), -1).all(axis=1)
        if not known.all():
            yield f"{name} is no number in row {known.argmin()}: leave the episode out"
    largest = np.abs(columns["actions"]).max()
    if largest > 1 + ROUNDING:
        yield f"its actions reach {largest:.4g} and the environment takes them from -1 to 1: divide them by their range"
    if not (columns["terminals"].any() or columns["timeouts"].any()):
        yield "neither terminals nor timeouts say where an episode ends: take D4RL's v2 files, or write timeouts"


def wrong_ends(columns: Columns, spec: Spec) -> Iterator[str]:
    """What contradicts the ends that are told: an episode without its end would run on into the next one."""
    ends = columns["terminals"].astype(bool) | columns["timeouts"].astype(bool) | joins(columns)
    firsts = np.flatnonzero(np.r_[True, ends[:-1]])
    lengths = np.diff(np.r_[firsts, len(ends)])
    if lengths.max() > spec.limit:
        longest = lengths.argmax()
        told = f"the episode from row {firsts[longest]} on has {lengths[longest]} steps and {spec.name} ends after {spec.limit}"
        yield f"{told}: write timeouts where episodes end"


def joins(columns: Columns) -> np.ndarray:
    """Whether the next row begins elsewhere than where this one leads [N]: data cut together end an episode there, flag or not."""
    states, following = (columns[name].astype(np.float32, copy=False) for name in ("observations", "next_observations"))
    scale = np.abs(states).max(axis=0)  # where both were normalised or rounded apart, they are not the same bit for bit
    return np.append((np.abs(following[:-1] - states[1:]) > ROUNDING * scale).any(axis=1), False)


def wrong_environment(metadata: dict[str, str], spec: Spec) -> Iterator[str]:
    """Files of our own and Minari's say where they come from; physics differ between versions."""
    if metadata.get("env", spec.name) not in MODULES:
        yield f"it was played in {metadata['env']}, which is not one of {', '.join(MODULES)}: take a data set of one of these"
    for name, mine in (("env", spec.name), ("version", spec.version)):
        if metadata.get(name, mine) != mine:
            yield f"it was played in {name} {metadata[name]} and not in {mine}: set --config.env.{'name' if name == 'env' else name}"


def made(columns: Columns, metadata: dict[str, str]) -> Transitions:
    """Of columns in which nothing is wrong."""
    kinds = dict.fromkeys(("terminals", "timeouts"), bool) | dict.fromkeys(INFOS, np.float64)
    columns = {name: values.astype(kinds.get(name, np.float32)) for name, values in columns.items()}
    columns["actions"] = columns["actions"].clip(-1, 1)
    columns["timeouts"] = (columns["timeouts"] | joins(columns)) & ~columns["terminals"]  # who fails in the last step has failed
    if not columns["terminals"][-1]:
        columns["timeouts"][-1] = True
    return Transitions(**columns, metadata=metadata)
