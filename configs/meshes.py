"""Named device meshes: how many devices, and how they are laid out over the four axes.

    data    the batch is split        fsdp    the batch and the parameters are split
    tensor  heads, MLP and vocabulary are split        member  the runs of a pack are split

A mesh of several `hosts` is one program over as many processes, each with its share of the devices.
`rate` is the FLOP/s that planning assumes for one device when it estimates a cost (float32 on a CPU core, bfloat16
elsewhere, both at the share of the peak that small models reach); it changes no result.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mesh:
    data: int = 1
    fsdp: int = 1
    tensor: int = 1
    member: int = 1
    rate: float = 2e10  # FLOP/s of one device
    memory: float = 0.0  # bytes of one device; 0: not what limits a pack
    widest: int = 64  # members in one pack
    platform: str = "cpu"
    hosts: int = 1

    @property
    def axes(self) -> dict[str, int]:
        return {"member": self.member, "data": self.data, "fsdp": self.fsdp, "tensor": self.tensor}

    @property
    def devices(self) -> int:
        return self.data * self.fsdp * self.tensor * self.member


MESHES = {
    "cpu": Mesh(),
    "cpu-pair": Mesh(data=2),  # two devices of one machine: a target and its draft; whoever measures time has the machine alone
    "cpu-2hosts": Mesh(data=2, hosts=2),  # processes of one machine, or of as many nodes of a cluster
    "cpu-4hosts": Mesh(data=2, fsdp=2, hosts=4),
    "cpu8-data": Mesh(data=8),
    "cpu8-cube": Mesh(data=2, fsdp=2, tensor=2),
    "cpu8-member": Mesh(member=4, data=2),
    "h200": Mesh(rate=8e13, memory=140e9, platform="gpu"),
    "h100x4": Mesh(tensor=4, rate=2e14, memory=80e9, platform="gpu"),
    "h100x8": Mesh(fsdp=8, rate=2e14, memory=80e9, platform="gpu"),
    "h100x16": Mesh(data=2, fsdp=8, rate=2e14, memory=80e9, platform="gpu", hosts=2),
    "v5e-16": Mesh(data=4, fsdp=4, rate=8e13, memory=16e9, platform="tpu", hosts=4),
    "v5p-128": Mesh(data=8, fsdp=8, tensor=2, rate=2e14, memory=95e9, platform="tpu", hosts=16),
}
