"""Engine `slurm`: jobs of a cluster, by way of submitit. Everything is submitted at once, in arrays; SLURM holds back what needs
others, and goes on when the launcher leaves.

A job that nears its time limit, or is preempted, gets a signal: the worker saves, and the same job waits in the queue again. What a
requeued job finds is what any worker finds: a run directory to go on with.
"""

import contextlib
import io
import math
import os
import shutil
import subprocess
import sys
import time
from functools import cached_property
from pathlib import Path

import submitit
from submitit.core.utils import FailedJobError
from submitit.slurm.slurm import _make_sbatch_string

from configs import clusters
from configs.meshes import Mesh
from launch.configs import ROOT, near
from launch.engines import Job, State, mark
from launch.plan import RunSpec
from shared.errors import BadInput

# SLURM's states of a job, as far as the launcher tells them apart. A preempted one that SLURM did not requeue may be submitted again.
PHASES = {
    "waiting": ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT", "SUSPENDED", "STOPPED"),
    "working": ("RUNNING", "COMPLETING", "SIGNALING", "STAGE_OUT", "RESIZING"),
    "ended": ("COMPLETED", "PREEMPTED"),
    "cancelled": ("CANCELLED", "REVOKED"),
}  # fmt: skip
PHASE = {state: phase for phase, states in PHASES.items() for state in states}


class Slurm:
    """One cluster, described by `settings`; jobs get the hosts and devices of `mesh`."""

    pause, ahead, outlives = 3.0, True, True

    def __init__(self, name: str, settings: clusters.Slurm, mesh: Mesh, jobs: int):
        self.name, self.settings, self.mesh = name, settings, mesh
        self.width = jobs or settings.parallel
        self.told: dict[str, State] = {}  # by squeue
        self.asked = -math.inf  # when

    def check(self, runs: list[RunSpec]) -> None:
        """Is SLURM here, does it have the partition, and does a run get to save before its job ends?"""
        if not shutil.which("sbatch"):
            raise BadInput(f"sbatch is not installed here: launch from a login node of {self.name}, or without --on")
        s, file = self.settings, f"configs/clusters/{self.name}.py"
        limits = {name: minutes_of(limit) for name, limit in (line.split() for line in command("sinfo", "-h", "-o", "%R %l").splitlines())}
        if s.partition not in limits:
            guess = near(s.partition, limits)
            raise BadInput(f"no partition {s.partition!r}{guess} on {self.name}, which has {', '.join(sorted(limits))}: change {file}")
        if s.minutes > limits[s.partition]:  # some clusters would let the job wait for ever
            raise BadInput(f"partition {s.partition} allows {limits[s.partition]:g} minutes: lower minutes={s.minutes} in {file}")
        works = s.minutes - s.grace / 60
        period = max((run.flat.get("save.every_minutes", 0) for run in runs), default=0)
        if works <= period:
            raise BadInput(
                f"a job of {self.name} works for {works:g} minutes and a run saves every {period:g}: "
                f"raise minutes={s.minutes} in {file}, or lower --config.save.every_minutes"
            )

    @cached_property
    def largest(self) -> int:
        """The most jobs in one array."""
        for line in command("scontrol", "show", "config").splitlines():
            if line.startswith("MaxArraySize"):
                return int(line.split("=")[1]) - 1
        raise BadInput("scontrol names no MaxArraySize: is this SLURM?")

    def script(self, folder: Path) -> str:
        """The batch script of an array, as sbatch will get it."""
        folder /= self.name
        command = f"{sys.executable} -u -m submitit.core._submit {folder}"
        return _make_sbatch_string(command=command, folder=folder, map_count=self.width, **self.parameters([]))

    def parameters(self, after: list[str]) -> dict[str, object]:
        """What submitit turns into the lines of a batch script."""
        s, devices = self.settings, self.mesh.devices // self.mesh.hosts
        wanted = {
            "job_name": "paperclub",
            "partition": s.partition,
            "time": s.minutes,
            "nodes": self.mesh.hosts,
            "ntasks_per_node": 1,  # one process drives all devices of its host
            "cpus_per_task": s.cores,
            "signal_delay_s": s.grace,
            "stderr_to_stdout": True,
            "array_parallelism": self.width,
            "setup": list(s.setup),
            # SLURM 22.05 forgets the cores of the batch script in its steps; a process that died is waited for in vain by its companions
            "srun_args": [f"--cpus-per-task={s.cores}", "--kill-on-bad-exit=1"],
            "additional_parameters": {"chdir": str(ROOT), "requeue": True},
        }
        if s.account:
            wanted["account"] = s.account
        if s.memory:
            wanted["mem"] = f"{s.memory}GB"
        if self.mesh.platform == "gpu":
            wanted["gpus_per_node"] = f"{s.gpu}:{devices}" if s.gpu else devices
        if after:
            wanted["dependency"] = "afterok:" + ":".join(after)
            wanted["additional_parameters"] |= {"kill-on-invalid-dep": "yes"}  # else it would wait for ever
        return wanted

    def room(self) -> int:
        return sys.maxsize

    def submit(self, jobs: list[Job], after: list[str]) -> None:
        self.asked = -math.inf
        for job in jobs:
            job.write()
        folder = jobs[0].folder / self.name
        folder.mkdir(exist_ok=True, mode=0o700)  # submitit's pickles are code
        executor = submitit.SlurmExecutor(folder, max_num_timeout=sys.maxsize)
        executor.update_parameters(**self.parameters(after))
        for start in range(0, len(jobs), self.largest):
            chunk = jobs[start : start + self.largest]
            try:
                with contextlib.redirect_stderr(io.StringIO()):  # submitit repeats what sbatch says there
                    handed = executor.map_array(Task(self.name), [str(job.file) for job in chunk])
            except FailedJobError as error:
                raise BadInput(f"sbatch refuses: {reason(str(error))}") from None
            for job, one in zip(chunk, handed, strict=True):
                job.id, job.log = one.job_id, one.paths.stdout

    def states(self, ids: list[str]) -> dict[str, State]:
        """As squeue tells, which is asked once in a while; what it no longer knows ended long ago. While it does not answer, nothing
        is known."""
        if ids and time.monotonic() - self.asked > 0.9 * self.pause:
            try:
                lines = command("squeue", "--me", "-h", "-r", "-t", "all", "-o", "%i|%T|%r").splitlines()
            except BadInput as error:
                return dict.fromkeys(ids, State("unknown", str(error)))
            self.told = {id: state_of(id, state, why) for id, state, why in (line.split("|") for line in lines)}
            self.asked = time.monotonic()
        return {id: self.told.get(id, state_of(id, "COMPLETED", "long ago")) for id in ids}

    def cancel(self, ids: list[str], hard: bool = False) -> None:
        self.asked = -math.inf
        if ids:
            command("scancel", *(["--signal=KILL", "--full"] if hard else []), *ids)

    def logs(self, id: str, log: Path | None) -> str:
        """The worker's output and, in the same file, SLURM's own words on why it ended it."""
        return log.read_text(errors="replace") if log and log.exists() else ""

    def close(self) -> None:
        """Its jobs go on."""


class Task:
    """What a job runs, in a process for each host. Pickled by name, it carries nothing but words."""

    def __init__(self, cluster: str):
        self.cluster = cluster

    def __call__(self, file: str) -> None:
        from launch import worker

        environment = submitit.JobEnvironment()
        os.environ["PAPERCLUB_JOB"] = mark(self.cluster, environment.job_id)
        if environment.num_tasks > 1:
            os.environ["PAPERCLUB_PROCESS"] = str(environment.global_rank)
        code = worker.main(file, str(environment.paths.stdout))
        if code == worker.TIME_UP:
            code = 0
            if environment.global_rank == 0:
                command("scontrol", "requeue", environment.job_id)
        if code:
            sys.exit(code)

    def checkpoint(self, file: str) -> submitit.helpers.DelayedSubmission:
        """For submitit, when the signal comes before the worker listens: nothing is computed yet, the job starts again as it is."""
        return submitit.helpers.DelayedSubmission(self, file)


def state_of(id: str, state: str, why: str) -> State:
    phase = PHASE.get(state, "failed")
    return State(phase, f"job {id} {state}" + (f" ({why})" if why not in ("None", "") else ""))


def minutes_of(limit: str) -> float:
    """SLURM's way to write a time: [days-]hours:minutes:seconds, minutes:seconds, infinite."""
    if ":" not in limit:
        return math.inf
    days, _, clock = limit.rpartition("-")
    parts = [int(part) for part in clock.split(":")]
    return 1440 * int(days or 0) + sum(part * 60.0**power for power, part in enumerate(reversed(parts), -1))


def command(*words: str) -> str:
    """What one of SLURM's commands prints. Raises BadInput with its own words when it fails."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    except FileNotFoundError:
        raise BadInput(f"{words[0]} is not installed here") from None
    except subprocess.TimeoutExpired:
        raise BadInput(f"{words[0]} does not answer within a minute") from None
    if done.returncode:
        raise BadInput(f"{words[0]} failed: {reason(done.stderr)}")
    return done.stdout


def reason(text: str) -> str:
    """The last line that says what is wrong, without the name of the program."""
    lines = [line for line in text.strip().splitlines() if "error: " in line] or text.strip().splitlines() or ["it says nothing"]
    return lines[-1].split("error: ")[-1]
