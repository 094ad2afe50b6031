"""Tiny runs for tests: planned and created as the launcher does, computed by the worker in this process or in one of its own."""

import json
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

from launch import sweep, worker
from launch.configs import ROOT
from launch.plan import Plan, RunSpec, build
from shared.rundir import RunDir, runs_root

# A model of 9,000 parameters on 2,048 tokens: 16 steps, two evaluations.
TINY = {"model.name": "nano", "data.tokens": 2_048, "evaluation.tokens": 1_024, "evaluation.probe_items": 8}
STEPS = 16


def flags(**changes: Any) -> list[str]:
    """--config flags of the tiny runs; dots are written as two underscores."""
    settings = TINY | {key.replace("__", "."): value for key, value in changes.items()}
    return [f"--config.{key}={value}" for key, value in settings.items()]


def plan(name: str, **changes: Any) -> Plan:
    """One run at scale smoke, and what it needs."""
    return build(f"infinite_compute/{name}", "smoke", flags(**changes), single=True)


def merged(*plans: Plan) -> Plan:
    runs = {run_id: run for one in plans for run_id, run in one.runs.items()}
    return Plan(plans[0].name, plans[0].scale, runs, [target for one in plans for target in one.targets], 0, False)


def members(**changes: list[Any]) -> Plan:
    """Training runs that form a pack: members(seed=[0, 1]) differ in their seeds."""
    cells = zip(*changes.values(), strict=True)
    return merged(*(plan("train", **dict(zip(changes, cell, strict=True))) for cell in cells))


def both_plans() -> Plan:
    return merged(plan("ensemble"), plan("sample", ensemble__members=2, sample__tokens=512))


def compute(wanted: Plan, **job: Any) -> int:
    """Every run of a plan, those without needs as one pack, in this process. Returns the last exit code."""
    sweep.create(wanted)
    alone = [run for run in wanted.runs.values() if not run.needs]
    packs = ([alone] if alone else []) + [[run] for run in wanted.runs.values() if run.needs]
    return [work(pack, **job) for pack in packs][-1]


def work(pack: list[RunSpec], **job: Any) -> int:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)}
    with mock.patch.object(worker, "configure_jax"):  # jax has started already
        try:
            return worker.main(str(job_file(pack, **job)))
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)


def job_file(pack: list[RunSpec], **changes: Any) -> Path:
    """What the launcher tells a worker."""
    folder = runs_root() / "jobs"
    folder.mkdir(parents=True, exist_ok=True)
    needs = {name: [str(directory(pack[0], need)) for need in ids] for name, ids in pack[0].needs.items()}
    job = {
        "name": f"job{len(list(folder.glob('*.json')))}", "runs": [str(run.dir.path) for run in pack], "needs": needs,
        "mesh": {"member": 1, "data": 1, "fsdp": 1, "tensor": 1}, "platform": "cpu", "hosts": 1, "cores": [], "log": str(folder / "log"),
    } | changes  # fmt: skip
    path = folder / f"{job['name']}.json"
    path.write_text(json.dumps(job))
    return path


def directory(run: RunSpec, need: str) -> Path:
    return next((runs_root() / run.paper).glob(f"*/{need}"))


def start_worker(pack: list[RunSpec], **job: Any) -> subprocess.Popen:
    """A worker in a process of its own."""
    path = job_file(pack, **job)
    with open(path.with_suffix(".log"), "ab") as log:
        return subprocess.Popen([sys.executable, "-m", "launch.worker", str(path)], cwd=ROOT, stdout=log, stderr=log)


def launch(*words: str, **settings: Any) -> subprocess.CompletedProcess:
    """`python -m launch` as a person calls it."""
    return subprocess.run([sys.executable, "-m", "launch", *words], cwd=ROOT, capture_output=True, text=True, timeout=300, **settings)


def script(text: str, *words: str, **settings: Any) -> str:
    """What a Python program prints that runs in a process of its own."""
    command = [sys.executable, "-c", textwrap.dedent(text), *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, **settings)
    assert not done.returncode, done.stderr[-3000:]
    return done.stdout


def rows(run: RunDir) -> list[dict[str, Any]]:
    """Its metrics without the clock."""
    return [{key: value for key, value in row.items() if not key.startswith("perf/")} for row in run.metrics()]


def final(run: RunDir) -> dict[str, Any]:
    return {key: value for key, value in run.status()["final"].items() if not key.startswith("perf/")}


def weights(run: RunSpec) -> list[np.ndarray]:
    """The final parameters of a training run, leaf by leaf."""
    import jax
    from ml_collections import ConfigDict

    from projects.infinite_compute.model import build as model
    from shared.checkpoint import load_weights

    return [np.asarray(leaf) for leaf in jax.tree.leaves(load_weights(run.dir, model(ConfigDict(run.config))))]


def check_kills(
    wanted: Callable[[], Plan], kept: Callable[[RunDir], Any], signals: Sequence[int], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A training and its data, undisturbed and then sent these signals, each time further on: rows, final numbers and what it has
    `kept` are the same, bit by bit."""
    import jax

    from shared.checkpoint import steps

    outcomes = []
    # minutes between saves, which are no part of a run's identity; 0 saves after every step
    for name, minutes, numbers in (("undisturbed", 60.0, ()), ("disturbed", 0.0, signals)):
        monkeypatch.setenv("PAPERCLUB_RUNS", str(folder / name))
        made = wanted()
        for run in made.runs.values():
            run.config["save"]["every_minutes"] = minutes
        sweep.create(made)
        data, run = made.runs.values()
        assert start_worker([data]).wait(300) == 0
        saved = lambda run=run: max(steps(run.dir.path / "ckpt"), default=0)  # noqa: E731
        for number in numbers:
            before, process = saved(), start_worker([run])
            while saved() <= before:
                assert process.poll() is None, "the run was over before it could be disturbed"
                time.sleep(0.002)
            process.send_signal(number)
            process.wait(200)
        assert start_worker([run]).wait(300) == 0
        outcomes.append((rows(run.dir), final(run.dir), [np.asarray(leaf) for leaf in jax.tree.leaves(kept(run.dir))]))
    (calm, result, leaves), (again, other, found) = outcomes
    assert (again, other) == (calm, result)
    assert len(found) == len(leaves) and all(map(np.array_equal, found, leaves))
