"""What the papers' own scales ask of a mesh, and how long it takes to find out on a machine that has none of its devices.

    python -m bench lowering

Beside the bytes that XLA plans stand those by which the launcher deals members to devices (launch/layout.py).
"""

from bench._table import row, title
from configs.meshes import MESHES
from launch.ahead import Facts, Kind, kinds, lower
from launch.forecast import size
from launch.layout import held
from launch.pack import arrange
from launch.plan import build

ASKED = [
    ("infinite_compute/train", "v5p-128"),
    ("infinite_compute/train", "v6e-64"),
    ("infinite_compute/train", "h100x8"),
    ("ssd/fig3", "h100x8-tensor"),
    ("lewm/plan", "h200"),
    ("lewm/train", "v5e-16"),
    ("dmpc/evaluate", "h200"),
    ("generalization/compress", "h200"),
    ("generalization/gp", "h200"),
]


def main() -> None:
    title("plan", "mesh", "program", "parameters", "FLOPs a call", "given", "works with", "planned", "of", "collectives", "lowered in [s]")
    for name, mesh in ASKED:
        plan = build(name, "paper", [f"--config.mesh={mesh}"], single=True)
        seen = set()
        for kind in lower(plan, kinds(plan, arrange(list(plan.runs.values()), 1, MESHES[mesh]))):
            for program, lowered in kind.found:
                if program["signature"] not in seen and lowered:
                    row(name, mesh, f"{kind.entry}: {program['name']}", f"{program['parameters']:,}", *numbers(kind, program, lowered))
                seen.add(program["signature"])


def numbers(kind: Kind, program: Facts, lowered: Facts) -> list[str]:
    planned = size(held(kind.packs[0].runs[0], kind.mesh, kind.members)) if program["name"] == "training step" else ""
    said = sum(total for _, total in lowered["collectives"].values())
    return [
        f"{lowered['flops']:.2e}", size(lowered["given"]), size(lowered["working"]), planned, size(kind.mesh.memory),
        size(said) if said else "", f"{lowered['seconds']:.0f}",
    ]  # fmt: skip


if __name__ == "__main__":
    main()
