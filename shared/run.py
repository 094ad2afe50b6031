"""Run: what an experiment sees of the world. One Run carries one run, or a pack of runs trained as one program; each
member keeps its own directory, metrics, W&B mirror and checkpoints, so that nobody downstream can tell."""

import contextlib
import math
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from shared.mirror import Mirror
from shared.rundir import FINISHED, RunDir

BEAT_SECONDS = 5.0


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
        self._rows: list[list[dict[str, Any]]] = [[] for _ in members]
        self._last: list[dict[str, Any]] = [{} for _ in members]
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._mirrors = [Mirror(member) for member in members]

    def __len__(self) -> int:
        return len(self.members)

    # -- life -------------------------------------------------------------------------------------------------------
    def __enter__(self) -> "Run":
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._ended.set()
        self._thread.join()
        self.flush()
        for member, mirror in zip(self.members, self._mirrors, strict=True):
            status = member.status()
            mirror.finish(status.get("final", {}), failed=status["state"] == "failed")

    def install_signals(self) -> None:
        """Asks the loop to save and stop on SIGTERM, SIGUSR1 or Ctrl-C; a second Ctrl-C leaves at once.

        Call it after jax.distributed.initialize, which would swallow SIGTERM.
        """

        def ask(number: int, _: Any) -> None:
            if number == signal.SIGINT and self.stopped:
                raise KeyboardInterrupt
            self.stopped = "preempted"

        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
            signal.signal(number, ask)

    def _beat(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            self.beat()

    def beat(self) -> None:
        """Writes heartbeat, step and last numbers, and looks for a request to cancel and for a loss of the claim."""
        for index, member in enumerate(self.members):
            if self.active[index] and member.taken_over():  # this process was suspended for long
                self.leave(index)
        self.flush()
        for index, member in enumerate(self.members):
            if self.active[index] and (member.path / "cancel").exists():
                self.end(index, "cancelled")
            if self.active[index]:
                with self._lock:
                    member.update(heartbeat=time.time(), step=self.step, steps=self.steps, last=self._last[index])

    def leave(self, index: int) -> None:
        """Leaves one member, as it lies on disk, to the process that has taken it over."""
        print(f"{self.members[index].id} was taken over by another process: left to it", flush=True)
        with self._lock:
            self.active[index] = False
            self._rows[index].clear()

    def end(self, index: int, state: str, **fields: Any) -> None:
        """Closes one member as diverged, cancelled, done, failed or preempted; its neighbours go on."""
        self.flush()
        with self._lock:
            if self.active[index]:
                self.active[index] = False
                self.members[index].update(state=state, ended=time.time(), heartbeat=time.time(), **fields)
                (self.members[index].path / "cancel").unlink(missing_ok=True)  # whether or not it came in time

    @property
    def stopping(self) -> bool:
        return bool(self.stopped) or not any(self.active)

    # -- numbers ----------------------------------------------------------------------------------------------------
    def log(self, step: int, metrics: Mapping[str, Any]) -> None:
        """Adds one row per active member. Values are numbers, or arrays [members]. NaN is written as null."""
        for index in range(len(self.members)):
            if self.active[index]:
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
        rows = [[row[name] for row in member.metrics() if row["step"] > since] for member in self.members]
        return np.asarray([np.mean([np.nan if v is None else v for v in values]) for values in rows])

    def finish(self, final: Mapping[str, Any]) -> None:
        """Marks the active members done with their final numbers (each a number or an array [members])."""
        for index in range(len(self.members)):
            self.end(index, "done", step=self.step, final={name: number(value, index) for name, value in final.items()})

    # -- files ------------------------------------------------------------------------------------------------------
    def table(self, index: int, name: str) -> Path:
        """The path of a file that one member leaves for others to read."""
        folder = self.members[index].path / "tables"
        folder.mkdir(exist_ok=True)
        return folder / name

    def save(self, step: int, state: Any) -> None:
        """Checkpoints every active member's slice of `state` (leading axis: members) as `step`."""
        from shared import checkpoint

        self.flush()  # rows first: a checkpoint never knows of steps that the metrics lack
        for index, member in enumerate(self.members):
            if self.active[index]:
                checkpoint.save(member.path / "ckpt" / str(step), member_slice(state, index))
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
            if member.state() in FINISHED:
                shutil.rmtree(member.path / "ckpt", ignore_errors=True)

    def restore(self, abstract: Any) -> tuple[Any, int] | None:
        """The newest state that all members hold, as arrays of `abstract` (with shardings, leading axis: members).

        A damaged checkpoint costs one line and one step back. Rows and checkpoints after the restored step are dropped: a
        checkpoint that only some members hold would push out one that all hold at the next interrupted save.
        """
        from shared import checkpoint

        folders = [member.path / "ckpt" for member in self.members]
        for folder in folders:
            checkpoint.prune(folder)
        common = set.intersection(*(set(checkpoint.steps(folder)) for folder in folders))
        restored = None
        for step in sorted(common, reverse=True):
            try:
                restored = (stack_members([folder / str(step) for folder in folders], abstract), step)
                break
            except ValueError as error:
                print(f"checkpoint {error}; going one back", flush=True)
        if restored is None and any(checkpoint.steps(folder) for folder in folders):
            print("no checkpoint can be read for all members: starting again from step 0", flush=True)
        reached = restored[1] if restored else -1
        for member, folder in zip(self.members, folders, strict=True):
            checkpoint.drop_after(folder, reached)
            member.truncate_metrics(reached)
        return restored


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
