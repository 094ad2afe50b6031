"""Carries a plan to its end on this machine: claims nothing itself, starts workers, watches their status files.

Any number of launchers may carry overlapping plans at once; the claim in each run directory decides who computes what.
"""

import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from configs.meshes import Mesh
from launch.engines import local
from launch.pack import Pack, arrange
from launch.plan import Plan, RunSpec, identity
from shared.errors import BadInput
from shared.rundir import FINISHED, RunDir, read_json, runs_root, write_atomic

POLL_SECONDS = 0.3


@dataclass
class Job:
    """A pack at work."""

    pack: Pack
    process: subprocess.Popen[Any]
    slots: list[local.Slot]
    log: Path
    started: float = field(default_factory=time.monotonic)


def record(plan: Plan, arguments: list[str], tag: str) -> None:
    """Writes down the plan, so that status, retry and cancel know the sweep by name."""
    path = sweep_file(plan, arguments, tag)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = {
        "name": plan.name,
        "scale": plan.scale,
        "arguments": arguments,
        "tag": tag,
        "single": plan.single,
        "targets": plan.targets,
        "runs": [str(run.dir.path.relative_to(runs_root())) for run in plan.runs.values()],
    }
    write_atomic(path, json.dumps(text, indent=1))


def sweep_file(plan: Plan, arguments: list[str], tag: str) -> Path:
    """A single run of a config file is no sweep of it, and with overrides or a tag it is another one: each has its own record."""
    paper, config = plan.name.split("/")
    parts = [config, plan.scale, *(["run"] if plan.single else [])]
    if arguments or tag:
        parts.append(hashlib.sha256(json.dumps([tag, sorted(arguments)]).encode()).hexdigest()[:8])
    return runs_root() / paper / "sweeps" / f"{'-'.join(parts)}.json"


def title(sweep: dict[str, Any]) -> str:
    """A recorded sweep as the command line named it."""
    tag = [f"--sweep={sweep['tag']}"] if sweep["tag"] else []
    return " ".join([sweep["name"], *tag, *sweep["arguments"]])


def recorded(glob: str = "*") -> list[dict[str, Any]]:
    """The sweeps launched so far, newest last."""
    files = sorted(runs_root().glob("*/sweeps/*.json"), key=lambda path: path.stat().st_mtime)
    sweeps = [read_json(path) for path in files]
    return [sweep for sweep in sweeps if Path(sweep["name"]).match(glob) or glob == sweep["name"]]


def create(plan: Plan) -> None:
    """Makes the run directories. A folder that another config made, a full or closed disk: BadInput, nothing started.

    A request to cancel that its worker did not live to see is forgotten: it was not meant for this launch.
    """
    for run in plan.runs.values():
        have = run.dir.record()
        if have and not is_record(have, run):
            raise BadInput(f"{run.dir.path} was made by another config: move that folder away, then launch again")
    for run_id, run in plan.runs.items():
        run.dir.create(run.record(plan.label(run_id), plan.name))
        if not run.dir.claimed():
            (run.dir.path / "cancel").unlink(missing_ok=True)


def revive(plan: Plan) -> None:
    """Puts cancelled runs back into the queue, and takes back the requests that working ones have not seen yet.

    A member that was cancelled leaves its pack, which went on and saved without it; those that left together stay together.
    """
    for run in plan.runs.values():
        (run.dir.path / "cancel").unlink(missing_ok=True)
        if run.dir.state() == "cancelled" and run.dir.claim():
            status = run.dir.status()
            left = {"job": f"{status['job']} until step {status['step']}"} if "job" in status else {}
            run.dir.update(state="queued", **left)
            run.dir.release()


def is_record(have: dict[str, Any], run: RunSpec) -> bool:
    """Whether a config.json says what its run id promises; somebody may have edited it."""
    return have.keys() >= {"config", "needs"} and identity(run.paper, have["config"], have["needs"]) == run.id


class Sweep:
    """The launcher's side of a plan: which runs wait, which packs work."""

    def __init__(self, plan: Plan, mesh: Mesh, jobs: int, fail_fast: bool, watch: Callable[["Sweep"], None]):
        self.plan, self.mesh, self.fail_fast, self.watch = plan, mesh, fail_fast, watch
        self.free = local.slots(mesh, jobs)
        self.width = len(self.free)
        self.jobs: list[Job] = []
        self.waiting = {run.id: run for run in plan.runs.values() if run.dir.state() not in FINISHED}
        self.blocked: dict[str, str] = {}  # run id -> why it cannot start
        self.interrupted = False
        self.counter = 0

    def carry(self, only: str = "") -> bool:
        """Runs everything that waits (or one run and its needs); True when nothing failed and nothing was left."""
        previous = {number: signal.signal(number, self.interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            wanted = self.plan.ancestry(only) if only else set(self.plan.runs)
            while self.advance(wanted):
                self.watch(self)
                time.sleep(POLL_SECONDS)
            self.watch(self)
        finally:
            for job in self.jobs:
                local.stop(job.process)
            for job in self.jobs:
                job.process.wait()
            for number, handler in previous.items():
                signal.signal(number, handler)
        return not self.interrupted and all(self.plan.runs[run].dir.state() in FINISHED for run in wanted)

    def interrupt(self, *_: Any) -> None:
        """First Ctrl-C: the workers save and leave. Second: they are killed."""
        for job in self.jobs:
            job.process.kill() if self.interrupted else local.stop(job.process)
        self.interrupted = True

    def advance(self, wanted: set[str]) -> bool:
        """Collects finished jobs, starts what can start; False when there is nothing left to wait for."""
        for job in [job for job in self.jobs if job.process.poll() is not None]:
            self.jobs.remove(job)
            self.free += job.slots
            self.collect(job)
        if self.interrupted:
            return bool(self.jobs)
        busy = {run.id for job in self.jobs for run in job.pack.runs}
        ready, elsewhere = [], 0
        for run in [run for run in self.waiting.values() if run.id in wanted - busy - set(self.blocked)]:
            state = run.dir.state()
            if state in FINISHED:  # by another launcher
                del self.waiting[run.id]
            elif run.dir.claimed():
                elsewhere += 1  # another launcher has it: wait for its result, or its death
            elif state != "cancelled" and self.needs_done(run):
                ready.append(run)
        if self.free and ready:
            packs = arrange(ready, self.width, self.mesh)
            if len(packs) == 1 and not self.jobs:
                self.start(packs[0], list(self.free))  # it has the machine to itself
            else:
                for pack in packs[: len(self.free)]:
                    self.start(pack, self.free[:1])
        return bool(self.jobs or elsewhere or ready)

    def needs_done(self, run: RunSpec) -> bool:
        """Whether all needs are finished; a need that can no longer finish blocks the run."""
        done = True
        for need in (self.plan.runs[need] for needs in run.needs.values() for need in needs):
            state = need.dir.state()
            if need.id in self.blocked or state in ("cancelled", "diverged"):
                self.blocked[run.id] = f"needs {need.id}, which is {self.blocked.get(need.id, state)}"
            done = done and state == "done"
        return done and run.id not in self.blocked

    def start(self, pack: Pack, slots: list[local.Slot]) -> None:
        self.free = self.free[len(slots) :]
        self.counter += 1
        name = f"{time.strftime('%m%d-%H%M%S')}-{os.getpid()}-{self.counter}"
        folder = runs_root() / pack.runs[0].paper / "jobs"
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / f"{name}.log"
        needs = {key: [str(self.plan.runs[need].dir.path) for need in ids] for key, ids in pack.runs[0].needs.items()}
        job = {
            "name": name,
            "runs": [str(run.dir.path) for run in pack.runs],
            "needs": needs,
            "mesh": pack.mesh.axes,
            "platform": self.mesh.platform,
            "cores": sorted(core for slot in slots for core in slot.cores),
            "log": str(log),
        }
        write_atomic(folder / f"{name}.json", json.dumps(job, indent=1))
        self.jobs.append(Job(pack, local.start(folder / f"{name}.json", log, slots[0].devices), slots, log))

    def collect(self, job: Job) -> None:
        """Looks at what a finished worker left. A run that a worker did not end and whose process died has failed."""
        for run in job.pack.runs:
            state = run.dir.state()
            if state in FINISHED:
                self.waiting.pop(run.id, None)
            elif run.dir.claimed():
                continue  # the worker of another launcher has it
            elif state == "failed" or (state != "cancelled" and job.process.returncode and not self.interrupted):
                if state != "failed":
                    tail = job.log.read_text(errors="replace").splitlines()[-20:]
                    run.dir.update(state="failed", error="\n".join(tail) or f"the worker died ({job.process.returncode})")
                self.blocked[run.id] = "failed"
                if self.fail_fast:
                    self.interrupt()


def reset(run: RunDir) -> None:
    """Puts an old result aside (nothing is deleted) so that the run starts afresh."""
    if run.claimed():
        raise BadInput(f"{run.id} is running: cancel it first")
    aside = run.path.parent / ".replaced" / f"{run.id}-{time.strftime('%Y%m%d-%H%M%S')}"
    aside.parent.mkdir(exist_ok=True)
    run.path.rename(aside)
