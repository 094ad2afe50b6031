"""How runs are arranged: which of them train as one program, and how many such packs side by side.

Members of a pack differ only in `config.packable`, fields that enter the training step as arrays. What is fastest
depends on the device (`make bench` prints the four arrangements):
  CPU          a program uses one core well and two badly, so every core gets a worker of its own and the runs are dealt
               out over them; runs so small that starting a process costs more than the training go into one pack, and
               long ones go alone: company saves them nothing, and keeps a core that is free from taking the next.
  accelerator  as many members as fit into memory share one program; layout.py says over which devices.
"""

import json
import math
from dataclasses import dataclass

from configs.meshes import Mesh
from launch.layout import lay_out
from launch.plan import RunSpec

START_SECONDS = 8.0  # importing jax and compiling, on one CPU core
LONG_SECONDS = 600.0  # of a pack on a CPU


@dataclass(frozen=True)
class Pack:
    runs: tuple[RunSpec, ...]
    mesh: Mesh  # as it lies under this pack

    @property
    def flops(self) -> float:
        return sum(run.flops for run in self.runs)


def group_key(run: RunSpec) -> str:
    """Equal for runs that can train as one program."""
    shared = {key: value for key, value in run.flat.items() if key not in run.config["packable"]}
    return json.dumps([run.paper, shared, run.needs, last_job(run)], sort_keys=True)


def last_job(run: RunSpec) -> str:
    """The job that began this run, '' for a new one. An interrupted pack goes on as the pack it was: its members saved at the
    same steps, and only the same shapes give the same bits."""
    return run.dir.status().get("job", "")


def arrange(ready: list[RunSpec], slots: int, mesh: Mesh) -> list[Pack]:
    """Deals `ready` runs into packs for `slots` workers, in the order of their first run."""
    groups: dict[str, list[RunSpec]] = {}
    for run in ready:
        groups.setdefault(group_key(run), []).append(run)
    packs = []
    for group in groups.values():
        most = len(group) if last_job(group[0]) else pack_size(group, slots, mesh)
        while group:
            lying, size = lay_out(group[0], mesh, min(most, len(group)))
            packs.append(Pack(tuple(group[:size]), lying))
            group = group[size:]
    return packs


def pack_size(group: list[RunSpec], slots: int, mesh: Mesh) -> int:
    """Members per pack for runs that could all train together, were there memory without end."""
    if not group[0].config["packable"]:
        return 1
    seconds = sum(run.flops for run in group) / (mesh.rate * mesh.devices)
    share = 1 if seconds < slots * START_SECONDS else slots  # too little work to pay for a second start
    size = math.ceil(len(group) / share)
    if mesh.platform == "cpu":
        size = min(size, math.ceil(LONG_SECONDS * len(group) / max(LONG_SECONDS, seconds)))
    return max(1, size)
