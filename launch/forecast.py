"""`show CONFIG --mesh NAME`: what the whole plan would ask of a mesh, and cost, on a machine that has none of its devices."""

from rich.console import Console

from configs.devices import PRICED
from configs.meshes import MESHES, Mesh
from launch.ahead import Facts, Kind, kinds, lower
from launch.pack import arrange
from launch.plan import Plan
from shared.errors import BadInput

ABOUT = (
    "FLOPs are those of products and factorisations, counted in the traced program. Bytes are of one device: what a call is given (parameters,\n"
    "moments, batch) and what it works with besides, as XLA plans it for devices of a CPU; another compiler plans otherwise. Collectives are a\n"
    "device's own, with the bytes that come of them. What is evaluated on the way, and what a host does, is left out."
)


def show(console: Console, plan: Plan, name: str) -> None:
    """Raises BadInput in the end where something does not fit into a device's memory."""
    mesh = MESHES[name]
    found = kinds(plan, arrange(list(plan.runs.values()), 1, mesh))
    device = mesh.device
    console.print(f"\n{plan.name} at scale {plan.scale} on {name}: {mesh.devices} x {device.name}" + (f", {size(mesh.memory)} each" if mesh.memory else ""))
    console.print(ABOUT)
    for kind in lower(plan, found):
        for line in told(kind):
            console.print(line, markup=False, highlight=False)
    for line in bill(found, mesh):
        console.print(line, markup=False, highlight=False)
    crowded = [too_large(kind, *pair) for kind in found for pair in kind.found if pair[1] and pair[0]["calls"] and kind.room(pair[1]) > 1]
    if crowded:
        raise BadInput(f"{crowded[0]}: take a mesh with more or larger devices, or a smaller batch")


def told(kind: Kind) -> list[str]:
    """A few lines per program."""
    pack, mesh = kind.packs[0], kind.mesh
    members = f" of {len(pack.runs)} members" if len(pack.runs) > 1 else ""
    head = f"\n{pack.runs[0].config['entry']}: {len(kind.packs)} packs{members}, {laid_out(mesh)}"
    if not kind.found and not kind.wrong:
        return [f"{head}; on the host: there is nothing to lower"]
    lines = [head]
    for program, lowered in kind.found:
        calls = f"{program['calls']:,.0f} calls a pack" if program["calls"] else "no calls: others have computed this"
        lines.append(f"  {program['name']}: {program['parameters']:,} parameters a member, {calls}" + alone(program, mesh))
        lines += measures(kind, program, lowered) if lowered else []
    return lines + ([f"  not lowered: {kind.wrong}"] if kind.wrong else [])


def laid_out(mesh: Mesh) -> str:
    axes = [f"{name} {length}" for name, length in mesh.axes.items() if length > 1]
    return "over " + " x ".join(axes) if axes else "on one device"


def alone(program: Facts, mesh: Mesh) -> str:
    return f"; on one device, {mesh.devices - 1} have nothing to do" if program["devices"] < mesh.devices else ""


def measures(kind: Kind, program: Facts, lowered: Facts) -> list[str]:
    memory = f" of {size(kind.mesh.memory)}: {'fits' if kind.room(lowered) <= 1 else 'DOES NOT FIT'}" if kind.mesh.memory else ""
    said = [f"{count:,} {name} {size(total)}" for name, (count, total) in sorted(lowered["collectives"].items())]
    hours = f", {time(kind.hours(program, lowered) / len(kind.packs))} a pack" if kind.mesh.memory else ""
    return [
        f"    a call: {lowered['flops']:.2e} FLOPs{hours}; lowered in {lowered['seconds']:.0f} s",
        f"    on a device: given {size(lowered['given'])}, works with {size(lowered['working'])}{memory}",
        f"    collectives a call: {', '.join(said) or 'none'}",
    ]


def too_large(kind: Kind, program: Facts, lowered: Facts) -> str:
    total = size(lowered["given"] + lowered["working"])
    return f"{kind.packs[0].runs[0].config['entry']}, {program['name']}: {total} do not fit into {size(kind.mesh.memory)} of a {kind.mesh.device.name}"


def bill(found: list[Kind], mesh: Mesh) -> list[str]:
    """What all packs cost together."""
    lowered = [(kind, *pair) for kind in found for pair in kind.found if pair[1]]
    flops = sum(len(kind.packs) * program["calls"] * facts["flops"] for kind, program, facts in lowered)
    lines = [f"\nin all {flops:.2e} FLOPs"]
    if mesh.memory:
        hours, device = sum(kind.hours(program, facts) for kind, program, facts in lowered), mesh.device
        rented = hours * mesh.devices
        lines = [
            f"{lines[0]}: {time(hours)} of {mesh.devices} devices, {rented:,.1f} device-hours, ${rented * device.price:,.0f}",
            f"assumed: {mesh.utilisation:.0%} of {device.peak / 1e12:,.0f} TFLOP/s a device (configs/meshes.py), or that it reads all it is given "
            f"once a call or token, whichever takes longer",
            f"${device.price:.2f} a device-hour is a list price, read {PRICED}: yours may differ (configs/devices.py)",
        ]
    missing = sorted({kind.packs[0].runs[0].config["entry"] for kind in found if not all(facts for _, facts in kind.found) or not kind.found})
    return lines + ([f"not in it: {', '.join(missing)}"] if missing else [])


def size(count: float) -> str:
    """Bytes, as a person reads them."""
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            return f"{count / scale:.3g} {unit}"
    return f"{count:.0f} B"


def time(hours: float) -> str:
    if hours >= 48:
        return f"{hours / 24:.1f} days"
    return f"{hours:.1f} h" if hours >= 1 else f"{hours * 60:.1f} min" if hours >= 1 / 60 else f"{hours * 3600:.1f} s"
