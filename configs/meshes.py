"""Named device meshes: how many devices of which kind, and how they are laid out over the four axes.

    data    the batch is split        fsdp    the batch and the parameters are split
    tensor  heads, MLP and vocabulary are split        member  the runs of a pack are split

A mesh of several `hosts` is one program over as many processes, each with its share of the devices. Where several runs train as one
program, the launcher gives the devices that one of them can spare to `member` (launch/layout.py). A mesh changes no result.
"""

from dataclasses import dataclass

from configs.devices import CORE, H100, H200, V5E, V5P, V6E, Device


@dataclass(frozen=True)
class Mesh:
    data: int = 1
    fsdp: int = 1
    tensor: int = 1
    member: int = 1
    device: Device = CORE
    utilisation: float = 1.0  # share of the peak that planning assumes when it estimates a time; small models reach little
    widest: int = 64  # members of a pack that one device trains
    hosts: int = 1

    @property
    def axes(self) -> dict[str, int]:
        return {"member": self.member, "data": self.data, "fsdp": self.fsdp, "tensor": self.tensor}

    @property
    def devices(self) -> int:
        return self.data * self.fsdp * self.tensor * self.member

    @property
    def rate(self) -> float:
        """FLOP/s that planning assumes of one device."""
        return self.device.peak * self.utilisation

    @property
    def platform(self) -> str:
        return self.device.platform

    @property
    def memory(self) -> float:
        """Bytes of one device; 0: not what limits a pack."""
        return self.device.memory


MESHES = {
    "cpu": Mesh(),
    "cpu-pair": Mesh(data=2),  # two devices of one machine: a target and its draft; whoever measures time has the machine alone
    "cpu-2hosts": Mesh(data=2, hosts=2),  # processes of one machine, or of as many nodes of a cluster
    "cpu-4hosts": Mesh(data=2, fsdp=2, hosts=4),
    "cpu8-data": Mesh(data=8),
    "cpu8-cube": Mesh(data=2, fsdp=2, tensor=2),
    "cpu8-member": Mesh(member=4, data=2),
    "h100": Mesh(device=H100, utilisation=0.08),
    "h200": Mesh(device=H200, utilisation=0.08),
    "h100x4": Mesh(tensor=4, device=H100, utilisation=0.2),
    "h100x8": Mesh(fsdp=8, device=H100, utilisation=0.2),
    "h100x8-tensor": Mesh(tensor=8, device=H100, utilisation=0.2),
    "h200x8": Mesh(fsdp=8, device=H200, utilisation=0.2),
    "h100x16": Mesh(data=2, fsdp=8, device=H100, utilisation=0.2, hosts=2),
    "v5e-16": Mesh(data=4, fsdp=4, device=V5E, utilisation=0.4, hosts=4),
    "v5e-256": Mesh(data=16, fsdp=16, device=V5E, utilisation=0.4, hosts=64),
    "v6e-64": Mesh(data=8, fsdp=8, device=V6E, utilisation=0.4, hosts=16),
    "v5p-8": Mesh(fsdp=4, device=V5P, utilisation=0.44),  # v5p slices are named by their cores, two to a chip: JAX counts chips
    "v5p-128": Mesh(data=8, fsdp=8, device=V5P, utilisation=0.44, hosts=16),
}
