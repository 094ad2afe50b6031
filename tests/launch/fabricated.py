"""Finished runs without training: run directories as a worker would leave them, with numbers that a test chooses."""

import json
from typing import Any

from launch.plan import Plan, RunSpec, build
from launch.sweep import record

DEMO = "infinite_compute/demo"  # at scale smoke: two decays, each with two seeds and an ensemble of the two
ENVIRONMENT = {
    "python": "3.12.1", "versions": {"jax": "0.12.0"}, "device": "1 x cpu", "cores": 2,
    "machine": "Linux-6.1-site9-x86_64-with-glibc2.36", "host": "secret-host",
    "commit": "0123456789abcdef", "changed": [], "packed_with": 2,
}  # fmt: skip


def demo() -> Plan:
    return build(DEMO, "smoke", [])


def loss_of(run: RunSpec) -> float:
    """Falls with decay and in the ensemble, and differs between seeds."""
    return 5.0 - 0.1 * run.flat["optim.weight_decay"] + 0.01 * run.flat["seed"] - 0.2 * (run.flat["entry"] == "ensemble")


def finish(run: RunSpec, group: str = DEMO, state: str = "done", **numbers: float) -> None:
    """Two evaluations with a plain row between, and final numbers on top."""
    loss = loss_of(run)
    run.dir.create(run.record("label", group))
    step = 2 if run.config["entry"] == "ensemble" else run.config["train"]["steps"]
    rows = [{"step": 1, "train/loss": loss + 1, "val/loss": loss + 0.5, "perf/step_ms": 9.0}]
    if run.config["entry"] == "train":
        rows.append({"step": 2, "train/loss": loss + 0.9})
    rows.append({"step": step, "train/loss": loss - 0.5, "val/loss": loss, "perf/step_ms": 9.0})
    final = {"val/loss": loss, "test/loss": loss + 0.1, "train/loss": loss - 0.4, "probe/accuracy": 0.25, "perf/step_ms": 9.0} | numbers
    run.dir.append_metrics(rows if state == "done" else rows[:1])
    run.dir.update(state=state, step=step, started=100.0, ended=110.0, heartbeat=110.0, **({"final": final} if state == "done" else {}))
    (run.dir.path / "env.json").write_text(json.dumps(ENVIRONMENT))


def sweep(plan: Plan, **states: str) -> Plan:
    """Every run of a plan finished, and the sweep recorded; states by run id."""
    for run_id, run in plan.runs.items():
        finish(run, plan.name, states.get(run_id, "done"))
    record(plan, [], "")
    return plan


def cells(text: str, column: int) -> list[Any]:
    """One column of a Markdown table."""
    lines = [line for line in text.splitlines() if line.startswith("| ")][2:]
    return [line.strip("|").split("|")[column].strip() for line in lines]
