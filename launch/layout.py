"""How a pack lies on a mesh: over how many devices one member is spread, and how many members a device holds.

What a member takes is told by its config's cost(): `state` (parameters, gradient, the optimiser's moments), which only `fsdp` and `tensor`
divide, and the rest of `bytes` (activations of a batch), which `data` divides too.
"""

from dataclasses import replace
from itertools import product

from configs.meshes import Mesh
from launch.plan import RunSpec

ROOM = 0.8  # share of a device's memory that is planned for: estimates are rough, and XLA wants some for itself


def share(run: RunSpec, mesh: Mesh) -> float:
    """Bytes that one member takes on each of the devices it is spread over."""
    state = min(run.state, run.bytes)
    return (state + (run.bytes - state) / mesh.data) / (mesh.fsdp * mesh.tensor)


def together(run: RunSpec, mesh: Mesh) -> int:
    """Members that a device can hold at once; 0: not even its share of one."""
    return min(mesh.widest, int(ROOM * mesh.memory // max(1.0, share(run, mesh)))) if mesh.memory else mesh.widest


def layouts(mesh: Mesh) -> list[Mesh]:
    """The mesh with some of its devices given to `member`, in every way that divides its axes: most members first, and among equals what
    splits a member least: the batch before the parameters, these before the heads."""
    if not mesh.memory:
        return [mesh]  # devices that are cores of one machine lie as the mesh says
    found = []
    for data, fsdp, tensor in product(*(divisors(size) for size in (mesh.data, mesh.fsdp, mesh.tensor))):
        given = mesh.devices // (mesh.member * data * fsdp * tensor)
        found.append(replace(mesh, member=mesh.member * given, data=data, fsdp=fsdp, tensor=tensor))
    return sorted(found, key=lambda one: (-one.member, one.tensor, one.fsdp))


def divisors(size: int) -> list[int]:
    return [number for number in range(1, size + 1) if size % number == 0]


def lay_out(run: RunSpec, mesh: Mesh, count: int) -> tuple[Mesh, int]:
    """The layout that trains most of `count` runs like this one at once, and how many members of a pack it takes: a multiple of its
    `member`, so that every device works. A run alone, or one that fits nowhere, has the mesh as it is named."""
    for one in layouts(mesh) if count > 1 else []:
        size = min(count, together(run, one) * one.member) // one.member * one.member
        if size:
            return one, size
    return mesh, min(count, max(1, together(run, mesh)))


def held(run: RunSpec, mesh: Mesh, members: int) -> float:
    """Bytes on a device for a pack of so many members."""
    return share(run, mesh) * -(-members // mesh.member if members % mesh.member == 0 else members)
