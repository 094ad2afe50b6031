"""Engine `local`: plain processes on this machine, each on cores or accelerators of its own."""

import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from configs.meshes import Mesh
from launch.configs import ROOT
from launch.engines import LOCAL, Job, State
from launch.plan import RunSpec
from shared.errors import BadInput


@dataclass
class Slot:
    """Devices for one worker."""

    cores: list[int]
    devices: list[int]  # accelerator numbers; empty on CPU


@dataclass
class Work:
    """The processes of one job (one per host of the mesh), and what they occupy."""

    processes: list[subprocess.Popen[Any]]
    slots: list[Slot]

    def state(self) -> State:
        codes = [process.poll() for process in self.processes]
        if None in codes:
            if any(codes):  # the others wait for it in vain
                self.signal(signal.SIGKILL)
            return State("working")
        bad = next((code for code in codes if code), 0)
        return State("failed", f"the worker died ({bad})") if bad else State("ended")

    def signal(self, number: int) -> None:
        for process in self.processes:
            process.send_signal(number)


class Local:
    """Jobs are processes of the launcher: it starts what is ready, and takes them with it when it leaves."""

    name, pause, ahead, outlives = LOCAL, 0.3, False, False

    def __init__(self, mesh: Mesh, jobs: int):
        self.mesh = mesh
        self.free = slots(mesh, jobs)
        self.width = len(self.free)
        self.work: dict[str, Work] = {}

    def check(self, runs: list[RunSpec]) -> None:
        """Whatever this machine lacks was said when the slots were dealt."""

    def script(self, folder: Path) -> str:
        return ""

    def room(self) -> int:
        return len(self.free)

    def submit(self, jobs: list[Job], after: list[str]) -> None:
        for job in jobs:
            alone = len(jobs) == 1 and not self.work  # it has the machine to itself
            taken = list(self.free) if alone else self.free[:1]
            self.free = self.free[len(taken) :]
            job.id, job.log, job.state = job.name, job.folder / f"{job.name}.log", State("working")
            job.spec |= {"cores": sorted(core for slot in taken for core in slot.cores), "log": str(job.log)}
            job.write()
            self.work[job.id] = Work(processes(job, taken[0].devices), taken)

    def states(self, ids: list[str]) -> dict[str, State]:
        found = {id: self.work[id].state() for id in ids}
        for id, state in found.items():
            if not state.open:
                self.free += self.work.pop(id).slots
        return found

    def cancel(self, ids: list[str], hard: bool = False) -> None:
        for id in self.work.keys() & set(ids):
            self.work[id].signal(signal.SIGKILL if hard else signal.SIGTERM)

    def logs(self, id: str, log: Path | None) -> str:
        return log.read_text(errors="replace") if log and log.exists() else ""

    def close(self) -> None:
        """Asks what is left to save and leave, and waits for it."""
        self.cancel(list(self.work))
        for work in self.work.values():
            for process in work.processes:
                process.wait()


def slots(mesh: Mesh, jobs: int) -> list[Slot]:
    """At most `jobs` workers (0: as many as the machine carries), cores and accelerators dealt out between them."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    count = len(cores) or os.cpu_count() or 1
    accelerators: list[int] = []
    if mesh.hosts > 1 and mesh.platform != "cpu":
        raise BadInput(f"the mesh spans {mesh.hosts} hosts: launch it --on a cluster, or use --config.mesh=cpu")
    if mesh.platform == "gpu":
        accelerators = list(range(gpus()))
        if len(accelerators) < mesh.devices:
            raise BadInput(f"the mesh wants {mesh.devices} GPUs and {len(accelerators)} are here: use --config.mesh=cpu")
        count = len(accelerators) // mesh.devices
    elif mesh.platform == "tpu":
        count = 1  # one process drives all chips of a host
    elif mesh.devices > 1:
        count = 1  # virtual devices share all cores
    number = min(jobs or count, count)
    return [
        Slot(cores[index::number], accelerators[index * mesh.devices : (index + 1) * mesh.devices])
        for index in range(number)
    ]


def gpus() -> int:
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([word for word in visible.split(",") if word])
    try:
        return subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True).stdout.count("GPU ")
    except FileNotFoundError:
        return 0


def processes(job: Job, devices: list[int]) -> list[subprocess.Popen[Any]]:
    """One worker, or one for every host of the mesh: a mesh of CPUs may have several on this machine."""
    hosts = job.spec["hosts"]
    if hosts == 1:
        return [start(job.file, job.log, devices)]
    meeting = f"127.0.0.1:{free_port()}"
    companions = [{"PAPERCLUB_COORDINATOR": meeting, "PAPERCLUB_PROCESS": str(index)} for index in range(hosts)]
    return [start(job.file, job.log, devices, companion) for companion in companions]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start(job: Path, log: Path, devices: list[int], variables: dict[str, str] | None = None) -> subprocess.Popen[Any]:
    """Starts a worker that sees the accelerators `devices`; its output goes to `log`. It is a session of its own, so that
    Ctrl-C reaches the launcher only."""
    environment = os.environ | (variables or {})
    if devices:
        environment["CUDA_VISIBLE_DEVICES"] = ",".join(map(str, devices))
    with open(log, "ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "launch.worker", str(job)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment | {"PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "2"},
            start_new_session=True,
        )
