"""The run directory on disk: names, states, claims, atomic writes. Knows no jax, so listing and status stay quick.

    runs/<paper>/<entry>/<run id>/
        config.json    the resolved config and the ids of its needs; the run id is their hash
        status.json    state, step, heartbeat, attempt, host, error, final numbers; replaced atomically
        metrics.jsonl  one row per logged step: the truth (W&B is its mirror)
        log.txt        what the worker printed (a link into runs/<paper>/jobs)
        env.json       versions, device, commit;  diff.patch  uncommitted changes
        claim.lock     who computes this run now
        engine.json    which job of which cluster was asked to compute it; written by the launcher
        ckpt/<step>/   state to resume from;  weights/  the final parameters

The middle folder is the entry point, not the config file that asked for the run: a run is its config, and the same run
serves every figure that needs it.
"""

import contextlib
import errno
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.errors import BadInput

STATES = ("queued", "running", "done", "failed", "diverged", "preempted", "cancelled")
FINISHED = ("done", "diverged")  # a deterministic divergence is a result: running it again would only repeat it
STALE_SECONDS = 300.0


def runs_root() -> Path:
    """Where runs live: $PAPERCLUB_RUNS, else ./runs."""
    return Path(os.environ.get("PAPERCLUB_RUNS", "runs")).absolute()


def run_at(path: str) -> "RunDir":
    """The run that a job file names: by its path, or by that below the folder of runs, which may lie elsewhere where the job runs."""
    return RunDir(runs_root() / path)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to, which takes its place at the end: a reader, or a kill -9, sees the old one or the new one, never
    half of one. Raises BadInput where the disk is full or closed."""
    beside = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    try:
        yield beside
        os.replace(beside, path)
    except OSError as error:
        raise explain(error, path) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def write_atomic(path: Path, text: str) -> None:
    """Replaces `path` by `text`, once that is on the disk."""
    with replacing(path) as beside, open(beside, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def want_room(path: Path, size: int) -> None:
    """Raises OSError unless the disk has room for `size` bytes and some more: HDF5 crashes the process when it finds none."""
    if shutil.disk_usage(path.parent).free < size + 2**20:
        raise OSError(errno.ENOSPC, "no room", str(path))


def explain(error: OSError, path: Path) -> Exception:
    """Turns a disk that is full or closed into one line with the remedy; other errors pass as they are."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return BadInput(f"no disk space left for {path}: free some, or set PAPERCLUB_RUNS to a roomier folder")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
        return BadInput(f"no permission to use {path}: change its owner, or set PAPERCLUB_RUNS to a folder of yours")
    return error


def read_json(path: Path) -> dict[str, Any]:
    """The object in `path`, or {} when there is none yet."""
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except ValueError:
        raise BadInput(f"{path} is damaged: move the folder {path.parent} away, then launch again") from None
    except OSError as error:
        raise explain(error, path) from error


def process_started(pid: int) -> str:
    """A mark that tells a process from a later one with the same number ('' when it is gone or cannot be seen; one that has ended and
    waits for its parent to notice is gone)."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if state in "ZX" else fields[18]
    except (OSError, IndexError, ValueError):
        return ""


def process_alive(pid: int, started: str) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return not started or process_started(pid) == started


@dataclass(frozen=True)
class RunDir:
    """One run on disk."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    # -- what it is -------------------------------------------------------------------------------------------------
    def create(self, record: dict[str, Any]) -> None:
        """Writes config.json, and status.json for a new run; what is there already stays."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explain(error, self.path) from error
        if not self.record():
            write_atomic(self.path / "config.json", json.dumps(record, indent=1, sort_keys=True))
        if not self.status():
            self.update(state="queued", step=0, attempt=0)

    def record(self) -> dict[str, Any]:
        return read_json(self.path / "config.json")

    # -- how it stands ----------------------------------------------------------------------------------------------
    def status(self) -> dict[str, Any]:
        return read_json(self.path / "status.json")

    def update(self, **fields: Any) -> None:
        """Merges `fields` into status.json. Only the holder of the claim, or the launcher before a claim, may call it."""
        write_atomic(self.path / "status.json", json.dumps({**self.status(), **fields}, indent=1))

    def state(self, status: dict[str, Any] | None = None) -> str:
        """One of STATES; a run that says it is running while nobody computes it counts as preempted. `status`: if it was just read."""
        state = (self.status() if status is None else status).get("state", "queued")
        return "preempted" if state == "running" and not self.claimed() else state

    # -- who computes it --------------------------------------------------------------------------------------------
    def claim(self, gone: str = "") -> bool:
        """Takes the run for this process; False when somebody alive has it. `gone` is an engine's job that is known to have ended."""
        me = this_process()
        lock = self.path / "claim.lock"
        if create_exclusive(lock, me):
            return True
        if self.claimed(gone):
            return False
        # Two processes may find the same stale claim: whoever creates the take-over mark first decides alone.
        mark = self.path / "claim.takeover"
        with contextlib.suppress(FileNotFoundError):
            if time.time() - mark.stat().st_mtime > STALE_SECONDS:
                mark.unlink()
        if not create_exclusive(mark, me):
            return False
        try:
            holder = self.holder()
            if holder is None:  # released since: whoever creates it first has it
                return create_exclusive(lock, me)
            if self.alive(holder, gone):
                return False
            write_atomic(lock, json.dumps(me))
            return True
        finally:
            mark.unlink(missing_ok=True)

    def claimed(self, gone: str = "") -> bool:
        """Whether a living process holds the claim, one that is not of the job `gone`."""
        holder = self.holder()
        return holder is not None and self.alive(holder, gone)

    def holder(self) -> dict[str, Any] | None:
        """Host, process and its mark from claim.lock; {} when it was created this instant or torn by a crash."""
        try:
            return json.loads((self.path / "claim.lock").read_text())
        except FileNotFoundError:
            return None
        except json.JSONDecodeError:
            return {}

    def alive(self, holder: dict[str, Any], gone: str = "") -> bool:
        """By its process on this host; elsewhere by its job, if that is gone, or the heartbeat."""
        if holder and holder["host"] == socket.gethostname():
            return process_alive(holder["pid"], holder["started"])
        if gone and holder.get("job") == gone:
            return False
        return time.time() - self.last_beat() < STALE_SECONDS

    def last_beat(self) -> float:
        """When the holder of the claim gave its last sign of life [s since the epoch]; 0 when nobody holds it."""
        try:
            return max(self.status().get("heartbeat", 0.0), (self.path / "claim.lock").stat().st_mtime)
        except FileNotFoundError:
            return 0.0

    def taken_over(self) -> bool:
        """Whether another process holds the claim: it found this one silent for too long."""
        return self.holder() not in (None, this_process())

    def release(self) -> None:
        """Gives the claim back, if it is still this process's."""
        if not self.taken_over():
            (self.path / "claim.lock").unlink(missing_ok=True)

    # -- what it measured -------------------------------------------------------------------------------------------
    def metrics(self) -> list[dict[str, Any]]:
        """All rows of metrics.jsonl; a last line torn by a crash is not a row."""
        return list(read_rows(self.path / "metrics.jsonl"))

    def append_metrics(self, rows: list[dict[str, Any]]) -> None:
        """All of them or, when the disk is full, none."""
        path = self.path / "metrics.jsonl"
        size = path.stat().st_size if path.exists() else 0
        try:
            with open(path, "a") as file:
                file.write("".join(json.dumps(row) + "\n" for row in rows))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                os.truncate(path, size)
            raise explain(error, path) from error

    def truncate_metrics(self, step: int) -> None:
        """Drops rows after `step`, which a crash between logging and saving leaves behind."""
        path = self.path / "metrics.jsonl"
        if path.exists():
            kept = [row for row in read_rows(path) if row["step"] <= step]
            write_atomic(path, "".join(json.dumps(row) + "\n" for row in kept))


def this_process() -> dict[str, Any]:
    """What claim.lock says of the holder; `job` is the one that an engine started it as."""
    job = os.environ.get("PAPERCLUB_JOB", "")
    return {"host": socket.gethostname(), "pid": os.getpid(), "started": process_started(os.getpid()), "job": job}


def create_exclusive(path: Path, content: dict[str, Any]) -> bool:
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        return False
    except OSError as error:
        raise explain(error, path) from error
    with os.fdopen(handle, "w") as file:
        file.write(json.dumps(content))
    return True


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = path.read_text().split("\n")
    except FileNotFoundError:
        return
    for line in lines:
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            continue


def all_runs(root: Path | None = None) -> list[RunDir]:
    """Every run directory below `root`, by paper and entry."""
    return [RunDir(path.parent) for path in sorted((root or runs_root()).glob("*/*/*/config.json"))]
