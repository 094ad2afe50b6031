"""kill -9 and SIGTERM against real workers that train the target and the draft: N steps are k steps, the end, and N - k steps."""

import signal
import time

import helpers
import numpy as np
import pytest
import ssd_runs

from launch import sweep
from shared.checkpoint import steps

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """entry -> rows, final numbers and weights of workers that nobody disturbed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPERCLUB_RUNS", str(tmp_path_factory.mktemp("undisturbed")))
        plan = planned(60.0)
        assert all(helpers.start_worker([run]).wait(200) == 0 for run in plan.runs.values())
        return {entry: outcome(run) for entry, run in ssd_runs.by_entry(plan).items() if entry != "sample"}


def planned(minutes):
    """A draft and what it needs, 16 steps each, saved that often; how often is no part of their identity."""
    made = ssd_runs.plan("distil", data__context=32, data__tokens=4096, sample__tokens=4096, distil__tokens=4096,
                         save__every_minutes=minutes)  # fmt: skip
    for run in made.runs.values():
        run.config["save"]["every_minutes"] = minutes
    sweep.create(made)
    return made


def outcome(run):
    return helpers.rows(run.dir), helpers.final(run.dir), ssd_runs.weights(run)


def saved(run):
    return steps(run.dir.path / "ckpt")


def disturb(run, number):
    """A signal after the next saved step. Returns that step."""
    before, worker = max(saved(run), default=0), helpers.start_worker([run])
    while max(saved(run), default=0) <= before:
        assert worker.poll() is None, "the run was over before it could be disturbed"
        time.sleep(0.002)
    worker.send_signal(number)
    worker.wait(100)
    assert run.dir.state() == "preempted"
    return max(saved(run))


@pytest.mark.parametrize("entry", ["train", "distil"])
def test_a_killed_training_goes_on_as_if_nothing_had_been(runs, undisturbed, entry):
    """Killed twice and asked to stop once, each time further on: rows, final numbers and weights are those of one go, bit by bit."""
    made = planned(0.0)  # saves after every step
    run = ssd_runs.by_entry(made)[entry]
    for need in [*made.only([run.id]).runs][:-1]:
        assert helpers.start_worker([made.runs[need]]).wait(200) == 0
    reached = [disturb(run, number) for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL)]
    assert reached == sorted(set(reached)) and reached[-1] < run.config["train"]["steps"] == 16
    assert helpers.start_worker([run]).wait(200) == 0
    rows, final, weights = undisturbed[entry]
    assert helpers.rows(run.dir) == rows
    assert helpers.final(run.dir) == final
    assert all(map(np.array_equal, ssd_runs.weights(run), weights))
    assert run.dir.status()["attempt"] == 4 and run.dir.status()["step"] == 16


def test_interrupted_samples_begin_anew(runs):
    """They have no checkpoint: what a killed attempt leaves is nothing that a draft could take for them."""
    made = planned(60.0)
    sample = ssd_runs.by_entry(made)["sample"]
    (target,) = sample.needs["target"]
    assert helpers.start_worker([made.runs[target]]).wait(200) == 0
    worker = helpers.start_worker([sample])
    while sample.dir.state() != "running":
        time.sleep(0.002)
    worker.kill()
    worker.wait()
    assert sample.dir.state() == "preempted" and not (sample.dir.path / "tables" / "tokens.npy").exists()
    assert helpers.start_worker([sample]).wait(200) == 0
    assert len(np.load(sample.dir.path / "tables" / "tokens.npy")) == sample.config["sample"]["tokens"]
