"""Engine `local`: plain processes on this machine, each on cores or accelerators of its own."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from configs.meshes import Mesh
from launch.configs import ROOT
from shared.errors import BadInput


@dataclass
class Slot:
    """Devices for one worker."""

    cores: list[int]
    devices: list[int]  # accelerator numbers; empty on CPU


def slots(mesh: Mesh, jobs: int) -> list[Slot]:
    """At most `jobs` workers (0: as many as the machine carries), cores and accelerators dealt out between them."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    count = len(cores) or os.cpu_count() or 1
    accelerators: list[int] = []
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


def start(job: Path, log: Path, devices: list[int]) -> subprocess.Popen[Any]:
    """Starts a worker that sees the accelerators `devices`; its output goes to `log`. It is a session of its own, so that
    Ctrl-C reaches the launcher only."""
    environment = dict(os.environ)
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


def stop(process: subprocess.Popen[Any]) -> None:
    """Asks a worker to save and leave."""
    process.send_signal(signal.SIGTERM)
