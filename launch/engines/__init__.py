"""Engines carry jobs: `local` on this machine, the others on a cluster that a file of configs/clusters/ describes.

A job is one pack of runs, and the file that tells `launch.worker` of it. Whatever carries it, the worker claims the runs and writes
their directories, so nobody downstream can tell where a run was computed.
"""

import importlib
import json
import pkgutil
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from configs import clusters
from configs.meshes import Mesh
from launch.configs import near
from launch.pack import Pack
from launch.plan import RunSpec
from shared.errors import BadInput
from shared.rundir import FINISHED, RunDir, read_json, run_at, write_atomic

LOCAL = "local"


@dataclass(frozen=True)
class State:
    """How a job stands: `phase` for the launcher, `text` (the engine's own words) for a person."""

    phase: str  # waiting, working, unknown (nobody could tell); ended (as it should), failed, cancelled
    text: str = ""

    @property
    def open(self) -> bool:
        return self.phase in ("waiting", "working", "unknown")


@dataclass
class Job:
    """A pack at work, or on its way to it."""

    name: str
    pack: Pack
    spec: dict[str, Any]  # the job file
    folder: Path  # where the job file lies
    id: str = ""  # the engine's own name of it, from submit() on
    log: Path | None = None  # where its output goes, if that is a file
    state: State = field(default=State("waiting"))

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.json"

    def write(self) -> None:
        write_atomic(self.file, json.dumps(self.spec, indent=1))


class Engine(Protocol):
    """What the launcher asks of an engine."""

    name: str
    mesh: Mesh
    width: int  # jobs at work at once: what packs are dealt out over
    pause: float  # seconds between two looks at the jobs
    ahead: bool  # takes a job whose needs are still being computed, and holds it back until they have ended well
    outlives: bool  # its jobs go on when the launcher leaves

    def check(self, runs: list[RunSpec]) -> None:
        """Raises BadInput when these runs cannot be carried: nothing has started then."""

    def script(self, folder: Path) -> str:
        """What the engine will be asked to run for job files in `folder`, as a preview; '' when there is nothing to see."""

    def room(self) -> int:
        """How many more jobs it takes now."""

    def submit(self, jobs: list[Job], after: list[str]) -> None:
        """Writes the job files and takes the jobs, to be started once those with the ids `after` have ended well. Sets id and log."""

    def states(self, ids: list[str]) -> dict[str, State]:
        """How these jobs stand, each of them."""

    def cancel(self, ids: list[str], hard: bool = False) -> None:
        """Ends jobs: those at work are asked to save first, unless `hard`."""

    def logs(self, id: str, log: Path | None) -> str:
        """What a job, and the engine about it, printed."""

    def close(self) -> None:
        """The launcher leaves."""


def names() -> list[str]:
    """The clusters that configs/clusters/ describes."""
    return sorted(module.name for module in pkgutil.iter_modules(clusters.__path__))


@lru_cache
def named(name: str) -> Engine | None:
    """The engine that carried a job, to ask about it; None when its cluster's file is gone."""
    return on(name, Mesh(), 0) if name in names() else None


def on(name: str, mesh: Mesh, jobs: int) -> Engine:
    """The engine of `--on NAME`; `jobs` at once, 0: as many as it carries. BadInput for an unknown name."""
    if name == LOCAL:
        from launch.engines.local import Local

        return Local(mesh, jobs)
    if name not in names():
        known = (LOCAL, *names())
        raise BadInput(f"no cluster {name!r}{near(name, known)}; there are {', '.join(known)}: configs/clusters/ has a file for each")
    settings = described(name)
    if isinstance(settings, clusters.Sky):
        from launch.engines.sky import Sky

        return Sky(name, settings, mesh, jobs)
    from launch.engines.slurm import Slurm

    return Slurm(name, settings, mesh, jobs)


def described(name: str) -> clusters.Slurm | clusters.Sky:
    """What a cluster's file says. Raises BadInput where a field is missing or unknown."""
    try:
        return importlib.import_module(f"configs.clusters.{name}").CLUSTER
    except (TypeError, AttributeError) as error:
        what = str(error).split("__init__() ")[-1]
        raise BadInput(f"configs/clusters/{name}.py: {what}; configs/clusters/__init__.py tells every field") from None


def width(name: str, mesh: Mesh, jobs: int) -> int:
    """Jobs at work at once, for a preview: it looks for no accelerator, so that a plan can be seen where it cannot run."""
    return 1 if name == LOCAL and mesh.platform != "cpu" else on(name, mesh, jobs).width


# -- what a run directory says of the job that carries it --------------------------------------------------------------


def note(run: RunDir, engine: Engine, job: Job) -> None:
    """Writes engine.json, so that whoever looks at the run later can ask the engine about its job."""
    record = {"on": engine.name, "id": job.id, "job": str(job.file), "log": str(job.log) if job.log else ""}
    write_atomic(run.path / "engine.json", json.dumps(record, indent=1))


def mark(name: str, id: str) -> str:
    """How a claim names the job whose worker holds it ($PAPERCLUB_JOB of the worker)."""
    return f"{name}:{id}"


def job_of(told: dict[str, str], pack: Pack, state: State) -> Job:
    """A job of an earlier launch."""
    file = Path(told["job"])
    return Job(file.stem, pack, {}, file.parent, told["id"], Path(told["log"]) if told["log"] else None, state)


def noted(run: RunDir) -> dict[str, str]:
    return read_json(run.path / "engine.json")


def logs(told: dict[str, str]) -> str:
    """What the engine has of a job's output. Raises BadInput when its cluster's file is gone."""
    return on(told["on"], Mesh(), 0).logs(told["id"], None)


def cancel(runs: list[RunDir]) -> None:
    """Takes the jobs of these cancelled runs out of their clusters' queues; a job that has another run to compute goes on."""
    told = {(record["on"], record["id"]): Path(record["job"]) for run in runs if (record := noted(run))}
    for (name, id), file in told.items():
        engine = named(name)
        left = [run_at(path).state() for path in read_json(file)["runs"]]
        if engine and engine.states([id])[id].phase == "waiting" and set(left) <= {"cancelled", *FINISHED}:
            engine.cancel([id])


def states(runs: list[RunDir]) -> dict[Path, State]:
    """How the engines' jobs of unfinished runs stand; each engine is asked once. Runs that no engine carries are left out."""
    told = {run.path: record for run in runs if (record := noted(run))}
    found: dict[Path, State] = {}
    for name in {record["on"] for record in told.values()}:
        mine = {path: record["id"] for path, record in told.items() if record["on"] == name}
        engine = named(name)
        if engine:
            known = engine.states(list(dict.fromkeys(mine.values())))
            found |= {path: known[id] for path, id in mine.items()}
    return found
