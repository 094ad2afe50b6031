"""What the packs of a plan will ask of their mesh, told by a process that lowers their programs (launch/lower.py): it may run out of
memory, or we of patience, with one of them, and the others are lowered all the same."""

import json
import math
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from configs.meshes import Mesh
from launch.configs import ROOT
from launch.pack import Pack
from launch.plan import Plan

COMMAND = [sys.executable, "-m", "launch.lower"]
PATIENCE = 900.0  # seconds for one program
Facts = dict[str, Any]


@dataclass
class Kind:
    """Packs that are alike but for the values of packable fields."""

    packs: list[Pack]
    found: list[tuple[Facts, Facts]] = field(default_factory=list)  # of every program what is known, and what lowering told ({}: nothing)
    wrong: str = ""  # why there is not all of it

    @property
    def mesh(self) -> Mesh:
        return self.packs[0].mesh

    @property
    def members(self) -> int:
        return len(self.packs[0].runs)

    @property
    def entry(self) -> str:
        return self.packs[0].runs[0].config["entry"]

    def hours(self, program: Facts, lowered: Facts) -> float:
        """Of all these packs, one after the other."""
        device = self.mesh.device
        work = lowered["flops"] / (program["devices"] * self.mesh.rate)
        reading = program["passes"] * lowered["given"] / device.bandwidth
        return len(self.packs) * program["calls"] * max(work, reading) / 3600

    def room(self, lowered: Facts) -> float:
        """Share of a device's memory that a program takes."""
        return (lowered["given"] + lowered["working"]) / (self.mesh.memory or math.inf)


def kinds(plan: Plan, packs: list[Pack]) -> list[Kind]:
    """The packs, those that are alike together."""
    found: dict[str, Kind] = {}
    for pack in packs:
        found.setdefault(json.dumps(told(plan, pack), sort_keys=True), Kind([])).packs.append(pack)
    return list(found.values())


def told(plan: Plan, pack: Pack) -> dict[str, Any]:
    """What launch/lower.py wants to know of a pack; fields in which its members differ stand for their kind alone."""
    run = pack.runs[0]
    config = json.loads(json.dumps(run.config))
    for key in config["packable"]:
        *path, last = key.split(".")
        node = config
        for part in path:
            node = node[part]
        node[last] = type(node[last])()
    needs = {name: [plan.runs[need].config for need in ids[:1]] for name, ids in run.needs.items()}
    return {"paper": run.paper, "config": config, "needs": needs, "members": len(pack.runs), "mesh": pack.mesh.axes}


def lower(plan: Plan, found: list[Kind]) -> Iterator[Kind]:
    """Fills in what lowering finds out, and yields each kind once it is done."""
    waiting = list(found)
    while waiting:
        begun = yield from carried(plan, waiting)
        waiting = waiting[begun:]


def carried(plan: Plan, waiting: list[Kind]) -> Iterator[Kind]:
    """One process, until it is through or dies; returns how many kinds are behind it."""
    job = {"devices": waiting[0].mesh.devices, "packs": [told(plan, kind.packs[0]) for kind in waiting]}
    at = 0
    with tempfile.TemporaryDirectory() as folder, open(f"{folder}/said", "w+") as said:
        (Path(folder) / "job.json").write_text(json.dumps(job))
        process = subprocess.Popen([*COMMAND, f"{folder}/job.json"], cwd=ROOT, stdout=subprocess.PIPE, stderr=said, text=True)
        for line in patient(process):
            yield from waiting[at : line["pack"]]
            at = line["pack"]
            note(waiting[at], line)
        if process.wait() == 0:
            yield from waiting[at:]
            return len(waiting)
        said.seek(0)
        waiting[at].wrong = reason(process.returncode, said.read())
    yield waiting[at]
    return at + 1


def note(kind: Kind, line: dict[str, Any]) -> None:
    if "wrong" in line:
        kind.wrong = line["wrong"]
    elif "program" in line:
        kind.found.append((line["program"], {}))
    else:
        kind.found[-1] = (kind.found[-1][0], line["lowered"])


def patient(process: subprocess.Popen) -> Iterator[dict[str, Any]]:
    """The lines that a process prints, while it does not take too long for one."""
    while True:
        watch = threading.Timer(PATIENCE, process.kill)
        watch.start()
        text = process.stdout.readline()
        watch.cancel()
        if not text:
            return
        yield json.loads(text)


def reason(code: int, said: str) -> str:
    """Why a process died, in one line."""
    if code < 0:
        return f"it took more than {PATIENCE / 60:.0f} minutes, or more memory than this machine has"
    return (said.strip().splitlines() or ["the process that lowers it died"])[-1]
