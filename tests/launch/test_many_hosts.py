"""One run over several processes that meet by jax.distributed: the numbers of one process, one writer, one decision to stop, and
checkpoints that any other mesh goes on from."""

import os
import signal
from pathlib import Path

import helpers
import jax
import numpy as np
import pytest

from configs.meshes import MESHES
from launch import plan, sweep
from launch.engines.local import Local
from launch.plan import Plan
from shared.rundir import RunDir

# Sums over the batch are taken in another order on every mesh: float32 rounding. AdamW divides a gradient by its own size, so that a
# weight whose gradient is all rounding moves as far as any other: weights are compared as vectors.
CLOSE_LOSSES, CLOSE_WEIGHTS = 1e-5, 1e-4  # relative; seen: 4e-7 and 2e-5

# Steps long enough to be interrupted, and processes that meet after each of them.
SLOWLY = """
import sys, time
sys.path.insert(0, {root!r})
from shared import run
met = run.Run.agree
run.MEET_SECONDS = 0.0
run.Run.agree = lambda self, step, save: time.sleep(0.04) or met(self, step, save)
"""


@pytest.fixture(scope="module")
def carried(tmp_path_factory):
    """carried(folder, mesh, watch): the tiny training over a mesh, up to its end or as far as `watch` lets it come."""
    site = tmp_path_factory.mktemp("site")
    (site / "sitecustomize.py").write_text(SLOWLY.format(root=str(plan.configs.ROOT)))

    def carry(folder: Path, mesh: str, watch=lambda work: None) -> Path:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PAPERCLUB_RUNS", str(folder))
            patch.setenv("PYTHONPATH", str(site))
            built = training()
            sweep.create(built)
            sweep.Sweep(built, Local(MESHES[mesh], 0), False, watch).carry()
            return built.runs[built.targets[0]].dir.path

    return carry


def training() -> Plan:
    return helpers.plan("train", train__epochs=4, save__every_minutes=0.008)


class Blow:
    """Sends a signal to one process of a job, once, when its run has saved."""

    def __init__(self, number: int, process: int):
        self.number, self.process, self.fell = number, process, False

    def __call__(self, work: sweep.Sweep) -> None:
        saved = [path for run in work.plan.runs.values() for path in (run.dir.path / "ckpt").glob("[0-9]*") if path.name.isdigit()]
        if saved and work.jobs and not self.fell:
            self.fell = True
            os.kill(work.engine.work[work.jobs[0].id].processes[self.process].pid, self.number)


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """What one process on one device computes: (metrics, final numbers, weights)."""
    folder = tmp_path_factory.mktemp("one")
    alone(folder)
    return told(folder)


@pytest.fixture(scope="module")
def two(carried, tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    carried(folder, "cpu-2hosts")
    return told(folder)


def alone(folder) -> None:
    """The run, or what is left of it, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPERCLUB_RUNS", str(folder))
        assert helpers.compute(training()) == 0


def told(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPERCLUB_RUNS", str(folder))
        (run,) = training().runs.values()
        assert run.dir.state() == "done", run.dir.status()
        return helpers.rows(run.dir), helpers.final(run.dir), helpers.weights(run)


def assert_alike(here, there) -> None:
    (*numbers, weights), (*others, moved) = here, there
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=CLOSE_LOSSES), numbers, others)
    for a, b in zip(weights, moved, strict=True):
        assert np.linalg.norm(a - b) <= CLOSE_WEIGHTS * np.linalg.norm(a)


@pytest.mark.slow
def test_two_processes_compute_what_one_does_and_the_first_alone_writes(one, two):
    assert_alike(one, two)
    steps = [row["step"] for row in two[0]]
    assert steps == sorted(set(steps))


@pytest.mark.slow
def test_a_signal_to_one_process_stops_all_at_the_same_step_and_they_go_on_bit_by_bit(carried, two, tmp_path):
    run = carried(tmp_path, "cpu-2hosts", Blow(signal.SIGTERM, process=1))
    assert RunDir(run).status()["attempt"] == 2
    jax.tree.map(np.testing.assert_array_equal, told(tmp_path), two)


@pytest.mark.slow
def test_four_processes_of_which_one_is_killed_and_one_that_goes_on(carried, one, tmp_path):
    """The launcher ends the companions, which would wait; the mesh that goes on has another shape."""
    run = RunDir(carried(tmp_path, "cpu-4hosts", Blow(signal.SIGKILL, process=2)))
    assert run.state() == "failed" and not run.claimed()
    alone(tmp_path)
    assert run.status()["attempt"] == 2
    assert_alike(one, told(tmp_path))
