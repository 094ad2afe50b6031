"""Carries a plan to its end: claims nothing itself, hands jobs to an engine, watches the runs' status files.

Any number of launchers may carry overlapping plans at once; the claim in each run directory decides who computes what.
"""

import hashlib
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from launch import engines
from launch.engines import Engine, Job
from launch.globs import fits
from launch.pack import Pack, arrange
from launch.plan import Plan, RunSpec, identity
from shared.errors import BadInput
from shared.rundir import FINISHED, RunDir, read_json, runs_root, write_atomic

POLL_SECONDS = 0.3  # how soon Ctrl-C is seen


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
    return [sweep for sweep in sweeps if fits(sweep["name"], glob) or glob == sweep["name"]]


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
    """The launcher's side of a plan: which runs wait, which packs an engine has."""

    def __init__(self, plan: Plan, engine: Engine, fail_fast: bool, watch: Callable[["Sweep"], None]):
        self.plan, self.engine, self.fail_fast, self.watch = plan, engine, fail_fast, watch
        self.waiting = {run.id: run for run in plan.runs.values() if run.dir.state() not in FINISHED}
        self.blocked: dict[str, str] = {}  # run id -> why it cannot start
        self.interrupted = False
        self.elsewhere = 0  # runs that another launcher's workers have
        self.counter = 0
        self.jobs: list[Job] = self.known() if engine.outlives else []

    def known(self) -> list[Job]:
        """The jobs of earlier launches that the engine still has."""
        packs: dict[tuple[str, str], list[RunSpec]] = {}
        for run in self.waiting.values():
            told = engines.noted(run.dir)
            if told and told["on"] == self.engine.name:
                packs.setdefault((told["id"], told["job"]), []).append(run)
        states, mesh = self.engine.states([id for id, _ in packs]), self.engine.mesh
        jobs = [engines.job_of(engines.noted(runs[0].dir), Pack(tuple(runs), mesh), states[id]) for (id, _), runs in packs.items()]
        return [job for job in jobs if job.state.open]

    def carry(self, only: str = "", detach: bool = False) -> bool:
        """Runs everything that waits (or one run and its needs); True when nothing failed and nothing was left. With `detach` it
        returns once all is handed to the engine."""
        previous = {number: signal.signal(number, self.interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            wanted = self.plan.ancestry(only) if only else set(self.plan.runs)
            while self.advance(wanted) and not detach:
                self.watch(self)
                self.sleep()
            self.watch(self)
        finally:
            self.engine.close()
            for number, handler in previous.items():
                signal.signal(number, handler)
        return not self.interrupted and all(self.plan.runs[run].dir.state() in FINISHED for run in wanted)

    def sleep(self) -> None:
        """The engine's pause, cut short by Ctrl-C."""
        for _ in range(max(1, round(self.engine.pause / POLL_SECONDS))):
            time.sleep(POLL_SECONDS)
            if self.interrupted:
                return

    def interrupt(self, *_: Any) -> None:
        """Ctrl-C. Workers of this machine save and leave, at the second one they are killed; a cluster's jobs go on."""
        if not self.engine.outlives:
            self.engine.cancel([job.id for job in self.jobs], hard=self.interrupted)
        self.interrupted = True

    def advance(self, wanted: set[str]) -> bool:
        """Collects finished jobs, submits what can start; False when there is nothing left to wait for."""
        states = self.engine.states([job.id for job in self.jobs])
        for job in list(self.jobs):
            job.state = states[job.id]
            if not job.state.open:
                self.jobs.remove(job)
                self.collect(job)
        while not self.interrupted and self.submit(wanted):
            pass
        if self.interrupted:
            return bool(self.jobs) and not self.engine.outlives
        return bool(self.jobs or self.elsewhere)

    def submit(self, wanted: set[str]) -> bool:
        """Hands over what is ready; whether more may be ready now, since an engine may hold back what needs others."""
        at_work = {run.id: job.id for job in self.jobs for run in job.pack.runs}
        ready: dict[frozenset[str], list[RunSpec]] = {}  # jobs that must end well before -> runs
        self.elsewhere = 0
        for run in [run for run in self.waiting.values() if run.id in wanted - at_work.keys() - self.blocked.keys()]:
            state = run.dir.state()
            if state in FINISHED:  # by another launcher
                del self.waiting[run.id]
            elif run.dir.claimed():
                self.elsewhere += 1  # another launcher has it: wait for its result, or its death
            elif state != "cancelled" and (after := self.after(run, at_work)) is not None:
                ready.setdefault(after, []).append(run)
        for after, runs in ready.items():
            packs = arrange(runs, self.engine.width, self.engine.mesh)[: self.engine.room()]
            jobs = [self.job(pack) for pack in packs]
            if jobs and not self.hand_over(jobs, sorted(after)):
                return False
        return bool(ready) and self.engine.ahead

    def hand_over(self, jobs: list[Job], after: list[str]) -> bool:
        """Whether the engine took all of them. What it refuses while it has others, for there are too many, is offered again later."""
        refused = None
        try:
            self.engine.submit(jobs, after)
        except BadInput as error:
            refused = error
        taken = [job for job in jobs if job.id]
        self.jobs += taken
        for job in taken if self.engine.outlives else []:
            for run in job.pack.runs:
                engines.note(run.dir, self.engine, job)
        if refused and not self.jobs:
            raise refused
        return not refused

    def after(self, run: RunSpec, at_work: dict[str, str]) -> frozenset[str] | None:
        """The jobs that compute what a run needs; None when it must wait here. A need that can no longer finish blocks the run."""
        jobs: set[str] = set()
        waits = False
        for need in (self.plan.runs[need] for needs in run.needs.values() for need in needs):
            state = need.dir.state()
            if need.id in self.blocked or state in ("cancelled", "diverged"):
                self.blocked[run.id] = f"needs {need.id}, which is {self.blocked.get(need.id, state)}"
            if state != "done":
                waits = waits or not self.engine.ahead or need.id not in at_work
                jobs.add(at_work.get(need.id, ""))
        return None if waits or run.id in self.blocked else frozenset(jobs)

    def job(self, pack: Pack) -> Job:
        self.counter += 1
        mesh = self.engine.mesh
        name = f"{time.strftime('%m%d-%H%M%S')}-{os.getpid()}-{self.counter}"
        folder = runs_root() / pack.runs[0].paper / "jobs"
        folder.mkdir(parents=True, exist_ok=True)
        needs = {key: [str(self.plan.runs[need].dir.path) for need in ids] for key, ids in pack.runs[0].needs.items()}
        spec = {
            "name": name,
            "runs": [str(run.dir.path) for run in pack.runs],
            "needs": needs,
            "mesh": pack.mesh.axes,
            "hosts": mesh.hosts,
            "platform": mesh.platform,
            "cores": [],
            "log": "",
        }
        return Job(name, pack, spec, folder)

    def collect(self, job: Job) -> None:
        """Looks at what a finished job left. A run that its worker did not end, though it died, has failed."""
        mark = engines.mark(self.engine.name, job.id)
        for run in job.pack.runs:
            state = run.dir.state()
            if state in FINISHED:
                self.waiting.pop(run.id, None)
            elif state != "cancelled" and run.dir.claim(gone=mark):  # else the worker of another launcher has it
                try:
                    self.settle(run, job)
                finally:
                    run.dir.release()

    def settle(self, run: RunSpec, job: Job) -> None:
        """What becomes of a run, whose claim this process holds, after its job."""
        state = run.dir.status()["state"]
        if state in ("queued", "running", "preempted") and self.ready(run) and not self.interrupted:
            if job.state.phase == "cancelled":
                self.blocked[run.id] = f"its job {job.id} was cancelled"
            if job.state.phase == "failed":
                state, tail = "failed", self.engine.logs(job.id, job.log).splitlines()[-20:]
                run.dir.update(state=state, error="\n".join(tail) or job.state.text)
        if state == "failed":
            self.blocked[run.id] = "failed"
            if self.fail_fast:
                self.engine.cancel([job.id for job in self.jobs])
                self.interrupted = True

    def ready(self, run: RunSpec) -> bool:
        """Whether all that a run needs is done."""
        return self.after(run, {}) == frozenset()


def reset(run: RunDir) -> None:
    """Puts an old result aside (nothing is deleted) so that the run starts afresh."""
    if run.claimed():
        raise BadInput(f"{run.id} is running: cancel it first")
    aside = run.path.parent / ".replaced" / f"{run.id}-{time.strftime('%Y%m%d-%H%M%S')}"
    aside.parent.mkdir(exist_ok=True)
    run.path.rename(aside)
