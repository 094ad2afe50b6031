"""Engine `sky`: managed jobs of SkyPilot, one for each pack.

SkyPilot rents the machines, and others when a cloud takes them back; the worker there goes on with the run directory, which lies in a
bucket. It lives in an environment of its own (launch/sky.sh) and is asked by its command alone.
"""

import json
import os
import shutil
import subprocess
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from configs import clusters
from configs.meshes import MESHES, Mesh
from launch.configs import ROOT
from launch.engines import Job, State, mark
from launch.engines.task import task
from launch.plan import RunSpec
from shared.errors import BadInput
from shared.rundir import runs_root

INSTALL = 'pip install "skypilot[gcp,aws,kubernetes]==0.14.1"'
SECRETS = ("WANDB_API_KEY",)  # variables that a job is given, if its launcher has them
# SkyPilot's states of a managed job, as far as the launcher tells them apart; what is not here has failed.
PHASES = {
    "waiting": ("PENDING", "SUBMITTED", "STARTING"),
    "working": ("RUNNING", "WINDING_DOWN", "RECOVERING", "CANCELLING"),
    "ended": ("SUCCEEDED",),
    "cancelled": ("CANCELLED",),
}
PHASE = {state: phase for phase, states in PHASES.items() for state in states}


class Sky:
    """One kind of machines, described by `settings`; jobs get those of `mesh`. A job's id is its name."""

    pause, ahead, outlives = 15.0, False, True

    def __init__(self, name: str, settings: clusters.Sky, mesh: Mesh, jobs: int):
        self.name, self.settings, self.mesh = name, settings, mesh
        self.width = jobs or settings.parallel
        self.open: set[str] = set()

    @property
    def file(self) -> str:
        return f"configs/clusters/{self.name}.py"

    @cached_property
    def machine(self) -> str:
        """The accelerators of a machine. Raises BadInput for a mesh that this cluster has no machines for."""
        known = [name for name in self.settings.machines if MESHES.get(name) == self.mesh]
        if not known:
            raise BadInput(f"{self.name} has machines for --config.mesh={' or '.join(self.settings.machines)} ({self.file})")
        return self.settings.machines[known[0]]

    def check(self, runs: list[RunSpec]) -> None:
        """Is there SkyPilot, a machine for the mesh, a bucket, and is the bucket where the runs lie?"""
        command()
        assert self.machine
        if not self.settings.bucket.startswith(("gs://", "s3://")):
            raise BadInput(f"bucket={self.settings.bucket!r} in {self.file}: name one of yours, as gs://NAME or s3://NAME")
        if not mounted(runs_root()):
            raise BadInput(
                f"{runs_root()} lies on an own disk, and jobs of {self.name} keep their runs in {self.settings.bucket}: mount it "
                "here (`rclone mount --vfs-cache-mode writes`), and set PAPERCLUB_RUNS to it"
            )

    def script(self, folder: Path) -> str:
        """The task of a job, as SkyPilot will get it, but for its name and its data."""
        file = str(folder.relative_to(runs_root()) / "NAME.json")
        return text(task("paperclub-NAME", self.settings, self.mesh, self.machine, file, [], ROOT))

    def room(self) -> int:
        return max(0, self.width - len(self.open))

    def submit(self, jobs: list[Job], after: list[str]) -> None:
        for job in jobs:
            name = f"paperclub-{job.name}"
            job.spec = relative(job.spec)
            job.write()
            told = task(name, self.settings, self.mesh, self.machine, str(job.file.relative_to(runs_root())), list(job.pack.runs), ROOT)
            told["envs"]["PAPERCLUB_JOB"] = mark(self.name, name)
            path = job.file.with_suffix(".sky.yaml")
            path.write_text(text(told))
            secrets = [word for key in SECRETS if key in os.environ for word in ("--secret", key)]
            asked("jobs", "launch", "--yes", "--detach-run", "--name", name, *secrets, str(path))
            job.id = name
            self.open.add(name)

    def states(self, ids: list[str]) -> dict[str, State]:
        """As SkyPilot's queue of managed jobs tells; while it does not answer, nothing is known."""
        if not ids:
            return {}
        try:
            rows = {row["job_name"]: row for row in rows_of(asked("jobs", "queue", "--all", "--output", "json"))}
        except (BadInput, ValueError) as error:
            return dict.fromkeys(ids, State("unknown", str(error)))
        found = {id: state_of(id, rows.get(id)) for id in ids}
        self.open = {id for id, state in found.items() if state.open}
        return found

    def cancel(self, ids: list[str], hard: bool = False) -> None:
        """Unless `hard`, what was written to the bucket is uploaded first."""
        for id in ids:
            asked("jobs", "cancel", "--yes", *([] if hard else ["--graceful"]), "--name", id)

    def logs(self, id: str, log: Path | None) -> str:
        return asked("jobs", "logs", "--no-follow", "--name", id)

    def close(self) -> None:
        """Its jobs go on."""


def mounted(path: Path) -> bool:
    """Whether it lies below something that was mounted beside the machine's own disk."""
    return any(os.path.ismount(folder) for folder in (path, *path.parents[:-1]))


def relative(spec: dict[str, Any]) -> dict[str, Any]:
    """A job file whose paths are those below the folder of runs, which lies elsewhere where the job runs."""

    def below(paths: list[str]) -> list[str]:
        return [str(Path(path).relative_to(runs_root())) for path in paths]

    return spec | {"runs": below(spec["runs"]), "needs": {key: below(paths) for key, paths in spec["needs"].items()}}


def rows_of(printed: str) -> list[dict[str, Any]]:
    """The table of `--output json`, below what SkyPilot says of its own server. Raises ValueError."""
    lines = printed.splitlines()
    start = next((index for index, line in enumerate(lines) if line in ("[", "[]")), len(lines))
    return json.loads("\n".join(lines[start:]))


def state_of(id: str, row: dict[str, Any] | None) -> State:
    if row is None:
        return State("ended", f"{id} is in SkyPilot's queue no more")
    status = str(row["status"])
    return State(PHASE.get(status, "failed"), f"{id} {status}" + (f" ({row['failure_reason']})" if row.get("failure_reason") else ""))


class Readable(yaml.SafeDumper):
    """Scripts stand line by line."""


def scalar(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


Readable.add_representer(str, scalar)


def text(told: dict[str, Any]) -> str:
    return yaml.dump(told, Dumper=Readable, sort_keys=False, width=1000)


def command() -> str:
    """Where `sky` is: in the environment that launch/sky.sh builds, or on the PATH. Raises BadInput."""
    found = shutil.which("sky", path=f"{ROOT / '.venv-sky' / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}")
    if not found:
        raise BadInput(f"SkyPilot is not installed: `sh launch/sky.sh` makes .venv-sky for it ({INSTALL})")
    return found


def asked(*words: str) -> str:
    """What `sky WORDS` prints. Raises BadInput with its last line when it fails."""
    done = subprocess.run([command(), *words], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip() or "it says nothing").splitlines()
        raise BadInput(f"sky {words[0]} {words[1]} failed: {lines[-1]}")
    return done.stdout
