"""Run: what an experiment sees of the world. One Run carries one run, or a pack of runs trained as one program; each
member keeps its own directory, metrics, W&B mirror and checkpoints, so that nobody downstream can tell."""

import contextlib
import math
import signal
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from shared import hosts
from shared.mirror import Mirror
from shared.rundir import FINISHED, RunDir

BEAT_SECONDS = 5.0
MEET_SECONDS = 1.0  # between two meetings of the processes of a run over several hosts


class Run:
    """Log, save, restore, needs, stop flag for `members` (one or many)."""

    def __init__(
        self, members: list[RunDir], packable: tuple[str, ...], mesh_axes: Mapping[str, int], needs: dict[str, list[RunDir]]
    ):
        self.members = members
        self.mesh_axes = dict(mesh_axes)
        self.needs = needs
        configs = [member.record()["config"] for member in members]
        # hyper: the fields in which members may differ, each an array [members]
        self.hyper = {key: stack([lookup(config, key) for config in configs]) for key in packable}
        self.active = [True] * len(members)
        self.step, self.steps = 0, 0  # where it is, and where a training will end
        self.stopped = ""  # why to stop soon: "" or "preempted"
        self.time_up = False  # whether the engine asked, which will start this job again
        self._asked = False  # to stop; over several hosts it holds once all have heard of it, as does what follows
        self._leaving: dict[int, str] = {}  # member -> "cancelled" or "taken over"
        self._meeting, self._met = 0, (0, time.monotonic())  # the step of the next meeting; step and time of the last
        self._rows: list[list[dict[str, Any]]] = [[] for _ in members]
        self._last: list[dict[str, Any]] = [{} for _ in members]
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._mirrors = [Mirror(member) for member in members] if hosts.first() else []
        self._scratch = None if hosts.first() else tempfile.TemporaryDirectory()

    def __len__(self) -> int:
        return len(self.members)

    # -- life -------------------------------------------------------------------------------------------------------
    def __enter__(self) -> "Run":
        self._thread = threading.Thread(target=self._beat, daemon=True)
        if hosts.first():
            self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._ended.set()
        if not hosts.first():
            return
        self._thread.join()
        self.flush()
        for member, mirror in zip(self.members, self._mirrors, strict=True):
            status = member.status()
            mirror.finish(status.get("final", {}), failed=status["state"] == "failed")

    def install_signals(self) -> None:
        """Asks the loop to save and stop on SIGTERM, SIGUSR2 (an engine's: its time is up) or Ctrl-C; a second Ctrl-C leaves at once.

        Call it after jax.distributed.initialize, which would swallow SIGTERM.
        """

        def ask(number: int, _: Any) -> None:
            if number == signal.SIGINT and self._asked:
                raise KeyboardInterrupt
            self._asked = True
            self.time_up = self.time_up or number == signal.SIGUSR2
            if not hosts.several():
                self.stopped = "preempted"

        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT):
            signal.signal(number, ask)

    def _beat(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            self.beat()

    def beat(self) -> None:
        """Writes heartbeat, step and last numbers, and looks for a request to cancel and for a loss of the claim."""
        for index, member in enumerate(self.members):
            if self.active[index] and member.taken_over():  # this process was suspended for long
                self._leaving[index] = "taken over"
        self._settle()
        self.flush()
        for index, member in enumerate(self.members):
            if self.active[index] and (member.path / "cancel").exists():
                self._leaving.setdefault(index, "cancelled")
        self._settle()
        for index, member in enumerate(self.members):
            if self.active[index] and index not in self._leaving:
                with self._lock:
                    member.update(heartbeat=time.time(), step=self.step, steps=self.steps, last=self._last[index])

    def _settle(self) -> None:
        """Lets go those who leave; over several hosts that waits for the next meeting."""
        if not hosts.several():
            self._let_go(self._leaving)

    def _let_go(self, leaving: dict[int, str]) -> None:
        for index, why in leaving.items():
            self.leave(index) if why == "taken over" else self.end(index, "cancelled")
        self._leaving = {}

    def agree(self, step: int, save: bool) -> bool:
        """Whether to save after `step`, as the first process says; over several hosts also who leaves, and whether to stop, if any of
        them was asked to. Every process calls it after every step: they meet about once a second, since a meeting waits for the device."""
        if not hosts.several():
            return save
        if step < self._meeting:
            return False
        now, (last, then) = time.monotonic(), self._met
        stride = max(1, min(1000, int(MEET_SECONDS * (step - last) / max(1e-3, now - then)))) if last else 1
        ways = ("", "cancelled", "taken over")
        mine = [self._asked, self.time_up, save, stride, *(ways.index(self._leaving.get(index, "")) for index in range(len(self)))]
        said = hosts.together(np.asarray(mine, np.int32))  # [processes, 4 + members]
        asked, time_up = said[:, :2].any(0)
        save, stride, *left = said[0, 2:].tolist()
        if asked:
            self.stopped, self.time_up = "preempted", bool(time_up)
        self._let_go({index: ways[way] for index, way in enumerate(left) if way})
        self._meeting, self._met = step + stride, (step, time.monotonic())
        return bool(save)

    def leave(self, index: int) -> None:
        """Leaves one member, as it lies on disk, to the process that has taken it over."""
        if hosts.first():
            print(f"{self.members[index].id} was taken over by another process: left to it", flush=True)
        with self._lock:
            self.active[index] = False
            self._rows[index].clear()

    def end(self, index: int, state: str, **fields: Any) -> None:
        """Closes one member as diverged, cancelled, done, failed or preempted; its neighbours go on."""
        self.flush()
        with self._lock:
            if not self.active[index]:
                return
            self.active[index] = False
            if hosts.first():
                self.members[index].update(state=state, ended=time.time(), heartbeat=time.time(), **fields)
                (self.members[index].path / "cancel").unlink(missing_ok=True)  # whether or not it came in time

    @property
    def stopping(self) -> bool:
        return bool(self.stopped) or not any(self.active)

    # -- numbers ----------------------------------------------------------------------------------------------------
    def log(self, step: int, metrics: Mapping[str, Any]) -> None:
        """Adds one row per active member. Values are numbers, or arrays [members]. NaN is written as null."""
        for index in range(len(self.members)):
            if self.active[index] and hosts.first():
                row = {"step": step, **{name: number(value, index) for name, value in metrics.items()}}
                with self._lock:
                    self._rows[index].append(row)
                    self._last[index] = {**self._last[index], **row}
                self._mirrors[index].log(row)

    def flush(self) -> None:
        """Puts the logged rows on disk."""
        with self._lock:
            for member, rows in zip(self.members, self._rows, strict=True):
                if rows:
                    member.append_metrics(rows)
                    rows.clear()

    def recent_mean(self, name: str, since: int) -> np.ndarray:
        """Mean [members] of the rows logged after step `since`, read from disk: the same after a resume."""
        self.flush()
        rows = hosts.share([[row[name] for row in member.metrics() if row["step"] > since] for member in self.members])
        return np.asarray([np.mean([np.nan if v is None else v for v in values]) for values in rows])

    def finish(self, final: Mapping[str, Any]) -> None:
        """Marks the active members done with their final numbers (each a number or an array [members])."""
        for index in range(len(self.members)):
            self.end(index, "done", step=self.step, final={name: number(value, index) for name, value in final.items()})

    # -- files ------------------------------------------------------------------------------------------------------
    def table(self, index: int, name: str) -> Path:
        """The path of a file that one member leaves for others to read. Companions of the first process write beside the run."""
        folder = self.members[index].path / "tables" if hosts.first() else Path(self._scratch.name) / str(index)
        folder.mkdir(exist_ok=True)
        return folder / name

    def save(self, step: int, state: Any) -> None:
        """Checkpoints every active member's slice of `state` (leading axis: members) as `step`."""
        from shared import checkpoint

        self.flush()  # rows first: a checkpoint never knows of steps that the metrics lack
        for index, member in enumerate(self.members):
            if self.active[index]:
                checkpoint.save(member.path / "ckpt" / str(step), member_slice(state, index))
                if hosts.first():
                    checkpoint.prune(member.path / "ckpt")

    def save_weights(self, params: Any) -> None:
        """Keeps the final parameters of every active member as `weights`."""
        from shared import checkpoint

        for index, member in enumerate(self.members):
            if self.active[index]:
                checkpoint.save(member.path / "weights", member_slice(params, index))

    def drop_checkpoints(self) -> None:
        """What only a resume needs goes from the members that are finished; a cancelled one may go on later."""
        import shutil

        for member in self.members:
            if hosts.first() and member.state() in FINISHED:
                shutil.rmtree(member.path / "ckpt", ignore_errors=True)

    def restore(self, abstract: Any) -> tuple[Any, int] | None:
        """The newest state that all members hold, as arrays of `abstract` (with shardings, leading axis: members).

        A damaged checkpoint costs one line and one step back. Rows and checkpoints after the restored step are dropped: a
        checkpoint that only some members hold would push out one that all hold at the next interrupted save.
        """
        from shared import checkpoint

        folders = [member.path / "ckpt" for member in self.members]
        for folder in folders if hosts.first() else []:
            checkpoint.prune(folder)
        common = hosts.share(sorted(set.intersection(*(set(checkpoint.steps(folder)) for folder in folders))))
        restored = None
        for step in reversed(common):
            try:
                restored = (stack_members([folder / str(step) for folder in folders], abstract), step)
            except ValueError as error:
                print(f"checkpoint {error}; going one back", flush=True)
            if hosts.all_of(restored is not None):
                break
            restored = None
        if hosts.first():
            self._drop_after(folders, restored[1] if restored else -1)
        return restored

    def _drop_after(self, folders: list[Path], reached: int) -> None:
        from shared import checkpoint

        if reached < 0 and any(checkpoint.steps(folder) for folder in folders):
            print("no checkpoint can be read for all members: starting again from step 0", flush=True)
        for member, folder in zip(self.members, folders, strict=True):
            checkpoint.drop_after(folder, reached)
            member.truncate_metrics(reached)


def stack_members(paths: list[Path], abstract: Any) -> Any:
    """Reads one checkpoint per member and stacks them along a new first axis, sharded as `abstract` asks."""
    import jax
    from jax.sharding import NamedSharding, PartitionSpec

    from shared import checkpoint

    def sliced(leaf: jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
        kept = NamedSharding(leaf.sharding.mesh, PartitionSpec(*leaf.sharding.spec[1:]))
        return jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype, sharding=kept)

    one = jax.tree.map(sliced, abstract)
    members = [checkpoint.restore(path, one) for path in paths]
    layout = jax.tree.map(lambda leaf: leaf.sharding, abstract)
    return jax.jit(lambda *trees: jax.tree.map(lambda *leaves: jax.numpy.stack(leaves), *trees), out_shardings=layout)(*members)


def member_slice(tree: Any, index: int) -> Any:
    import jax

    return jax.tree.map(lambda leaf: leaf[index], tree)


def lookup(config: Mapping[str, Any], key: str) -> Any:
    for part in key.split("."):
        config = config[part]
    return config


def stack(values: list[Any]) -> np.ndarray:
    return np.asarray(values, np.float32 if any(isinstance(value, float) for value in values) else np.int32)


def number(value: Any, index: int) -> float | int | None:
    """Plain number of one member; None for what JSON cannot say."""
    with contextlib.suppress(TypeError, IndexError):
        value = value[index]
    value = value.item() if hasattr(value, "item") else value
    return value if isinstance(value, int) or math.isfinite(value) else None
