"""`show CONFIG --mesh NAME`: what a whole plan would ask of a mesh, and cost, on a machine that has none of its devices."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from configs.devices import PRICED
from configs.meshes import MESHES, Mesh
from launch.ahead import Facts, Kind, kinds, lower
from launch.pack import arrange
from launch.plan import Plan
from shared.errors import BadInput

ABOUT = """\
FLOPs are those of products and factorisations, of all devices together. Bytes are of one device: what a call is given (parameters,
moments, a batch), and what it works with besides as XLA plans it for a CPU's devices; another compiler plans otherwise. Collectives are
those of one device, with the bytes that come of them. What is evaluated on the way and what hosts compute is left out."""


def show(console: Console, plan: Plan, name: str) -> None:
    """Raises BadInput in the end where something does not fit into a device's memory."""
    mesh = MESHES[name]
    memory = f" with {size(mesh.memory)} each" if mesh.memory else ""
    console.print(f"\n{plan.name} at scale {plan.scale} on {name}: {mesh.devices} x {mesh.device.name}{memory}\n{ABOUT}", highlight=False)
    found, seen = kinds(plan, arrange(list(plan.runs.values()), 1, mesh)), set()
    for kind in lower(plan, found):
        for program, lowered in kind.found:
            if program["signature"] not in seen and lowered:
                console.print("\n".join(described(kind, program, lowered)), highlight=False)
            seen.add(program["signature"])
    console.print(table(found, mesh))
    for line in assumed(found, mesh):
        console.print(line, highlight=False)
    for kind in found:
        for program, lowered in kind.found:
            if lowered and program["calls"] and kind.room(lowered) > 1:
                total = size(lowered["given"] + lowered["working"])
                raise BadInput(
                    f"{title(kind, program)}: {total} do not fit into the {size(mesh.memory)} of a {mesh.device.name}: "
                    "take a --mesh with more devices or larger ones, or smaller batches"
                )


def title(kind: Kind, program: Facts) -> str:
    members = f" of {kind.members} members" if kind.members > 1 else ""
    return f"{kind.entry}, {program['name']}{members}"


def described(kind: Kind, program: Facts, lowered: Facts) -> list[str]:
    """What a call of one program asks for."""
    axes = [f"{name} {length}" for name, length in kind.mesh.axes.items() if length > 1]
    where = "over " + " x ".join(axes) if axes and program["devices"] > 1 else "on one device"
    idle = kind.mesh.devices - program["devices"]
    memory = f" of {size(kind.mesh.memory)}: {'fits' if kind.room(lowered) <= 1 else 'DOES NOT FIT'}" if kind.mesh.memory else ""
    said = [f"{count:,} {name} {size(total)}" for name, (count, total) in sorted(lowered["collectives"].items())]
    return [
        f"\n{title(kind, program)}, {where}" + (f", while {idle} have nothing to do" if idle else ""),
        f"  {program['parameters']:,} parameters a member; {lowered['flops']:.2e} FLOPs a call; lowered in {lowered['seconds']:.0f} s",
        f"  on a device: given {size(lowered['given'])}, works with {size(lowered['working'])}{memory}",
        f"  collectives: {', '.join(said) or 'none'}",
    ]


def table(found: list[Kind], mesh: Mesh) -> Table:
    """What all packs come to, by program."""
    rows = Table(title="in all", title_justify="left")
    for column in ("program", "packs", "calls", "FLOPs", *(("time", "USD") if mesh.memory else ())):
        rows.add_column(column, justify="left" if column == "program" else "right")
    for name, same in grouped(found).items():
        packs = sum(len(kind.packs) for kind, _, _ in same)
        calls = sum(len(kind.packs) * program["calls"] for kind, program, _ in same)
        flops = sum(len(kind.packs) * program["calls"] * lowered["flops"] for kind, program, lowered in same)
        hours = sum(kind.hours(program, lowered) for kind, program, lowered in same)
        bill = (time(hours), f"{hours * mesh.devices * mesh.device.price:,.0f}") if mesh.memory else ()
        rows.add_row(name, str(packs), f"{calls:,.0f}", f"{flops:.2e}", *bill)
    return rows


def grouped(found: list[Kind]) -> dict[str, list[tuple[Kind, Facts, Facts]]]:
    """What was lowered, by its name and parameters."""
    rows: dict[str, list[tuple[Kind, Facts, Facts]]] = {}
    for kind in found:
        for program, lowered in kind.found:
            if lowered:
                rows.setdefault(f"{title(kind, program)}, {program['parameters']:,} parameters", []).append((kind, program, lowered))
    return rows


def assumed(found: list[Kind], mesh: Mesh) -> Iterator[str]:
    if mesh.memory:
        device, hours = mesh.device, sum(kind.hours(*pair) for kind in found for pair in kind.found if pair[1])
        rented = hours * mesh.devices
        yield f"one pack after the other: {time(hours)}, {rented:,.1f} device-hours, ${rented * device.price:,.0f}"
        yield (
            f"assumed: {mesh.utilisation:.0%} of {device.peak / 1e12:,.0f} TFLOP/s, or a look at all that a call is given (one a token "
            "where it writes), whichever takes longer"
        )
        yield f"a device-hour at ${device.price:.2f}: list price, read {PRICED}, yours may differ (configs/devices.py)"
    hosts = dict.fromkeys(kind.entry for kind in found if not kind.found and not kind.wrong)
    if hosts:
        yield f"nothing to lower, hosts compute it: {', '.join(hosts)}"
    for why in dict.fromkeys(f"{kind.entry}: {kind.wrong}" for kind in found if kind.wrong):
        yield f"not lowered: {why}"


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
