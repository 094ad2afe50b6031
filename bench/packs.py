"""Arrangements of the same runs, start-up and compilation counted, side by side:

    eight members of the cpu M model: as the launcher arranges them; one process after the other on all cores; eight
    processes, two at a time on a core each; one pack of eight on all cores
    64 tiny runs (2,000 parameters, 200 steps): as the launcher arranges them; as processes of their own, two at a time

    python -m bench packs
"""

import os
import statistics
import tempfile
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from configs.meshes import MESHES, Mesh
from launch import engines
from launch.plan import Builder, Plan
from launch.sweep import Sweep, create

M = {"model.name": "M", "train.epochs": 2}
TINY = {
    "data.name": "tiny", "data.vocab": 256, "data.context": 32, "data.tokens": 51_200, "train.epochs": 1,
    "model.name": "custom", "model.layers": 1, "model.width": 4, "model.heads": 1, "model.kv_heads": 1, "model.head_dim": 4,
    "model.mlp_width": 14, "evaluation.tokens": 2_048, "evaluation.times": 1,
}  # fmt: skip


def plan_of(overrides: dict[str, Any], seeds: Iterable[int]) -> Plan:
    """The same training run with these seeds."""
    builder = Builder("cpu")
    ids = [builder.need("infinite_compute/train", {**overrides, "seed": seed, "data.seed": seed}) for seed in seeds]
    return Plan("infinite_compute/train", "cpu", builder.runs, ids, 0, False)


def seconds(plan_members: tuple[dict[str, Any], int], mesh: Mesh, jobs: int) -> float:
    """Wall time of one arrangement in a fresh runs folder."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PAPERCLUB_RUNS"] = folder
        plan = plan_of(plan_members[0], range(plan_members[1]))
        create(plan)
        begin = time.monotonic()
        if not Sweep(plan, engines.on(engines.LOCAL, mesh, jobs), fail_fast=True, watch=lambda _: None).carry():
            raise RuntimeError(next(Path(folder).glob("*/jobs/*.log")).read_text()[-2000:])
        return time.monotonic() - begin


def compare(title: str, members: tuple[dict[str, Any], int], arrangements: dict[str, tuple[Mesh, int]], repetitions: int) -> None:
    """Interleaves the arrangements, so that a busy minute hits all of them, and prints medians."""
    times: dict[str, list[float]] = {name: [] for name in arrangements}
    for _ in range(repetitions):
        for name, (mesh, jobs) in arrangements.items():
            times[name].append(seconds(members, mesh, jobs))
    print(f"{title} (median of {repetitions}, seconds of wall time, compilation cache off)")
    ours = statistics.median(times["launcher's choice"])
    for name, values in times.items():
        median = statistics.median(values)
        print(f"  {name:38} {median:7.1f}   {median / ours:5.2f} x    all: {' '.join(f'{value:.1f}' for value in values)}")


def main() -> None:
    os.environ |= {"WANDB_MODE": "offline", "JAX_ENABLE_COMPILATION_CACHE": "false"}
    mesh = MESHES["cpu"]
    single = replace(mesh, widest=1)
    compare(
        "8 members of the cpu M model, 256 steps",
        (M, 8),
        {
            "launcher's choice": (mesh, 0),
            "sequential processes, all cores": (single, 1),
            "8 processes, two at a time": (single, 2),
            "one pack of 8, all cores": (mesh, 1),
        },
        repetitions=3,
    )
    tiny = {"launcher's choice": (mesh, 0), "64 processes, two at a time": (single, 2)}
    compare("64 runs of 2,000 parameters, 200 steps", (TINY, 64), tiny, repetitions=1)


if __name__ == "__main__":
    main()
