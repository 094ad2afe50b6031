"""kill -9 and SIGTERM against real workers on real runs: what they leave is what an undisturbed worker leaves, bit by bit."""

import random
import signal
import time

import helpers
import numpy as np
import pytest

from launch import sweep
from launch.plan import Plan
from shared.rundir import RunDir

pytestmark = pytest.mark.slow
PACKS = {"solo": [0], "pack": [0, 1, 2]}


def planned(seeds: list[int], minutes: float) -> Plan:
    """Members that save that often; it is no part of their identity."""
    made = helpers.members(seed=seeds, save__every_minutes=[minutes] * len(seeds), train__epochs=[4] * len(seeds))
    sweep.create(made)
    return made


@pytest.fixture(scope="module", params=PACKS)
def undisturbed(request, tmp_path_factory):
    """(seeds, rows, final numbers, weights) of a worker that nobody disturbed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPERCLUB_RUNS", str(tmp_path_factory.mktemp("undisturbed")))
        made = planned(PACKS[request.param], 60.0)
        runs = list(made.runs.values())
        assert helpers.start_worker(runs).wait(200) == 0
        outcome = [(helpers.rows(run.dir), helpers.final(run.dir), helpers.weights(run)) for run in runs]
    return PACKS[request.param], outcome


def until(worker, condition) -> bool:
    """Waits for a condition; False when the worker ended first."""
    while worker.poll() is None:
        if condition():
            return True
        time.sleep(0.002)
    return False


def kill(worker) -> None:
    worker.kill()
    worker.wait()


def saved(run: RunDir) -> list[int]:
    return sorted(int(path.name) for path in (run.path / "ckpt").glob("*") if path.name.isdigit())


def in_the_middle_of_a_save(run: RunDir) -> bool:
    return any((run.path / "ckpt").glob("*tmp*"))


def finish_and_compare(made: Plan, outcome, attempts: int) -> None:
    runs = list(made.runs.values())
    assert helpers.start_worker(runs).wait(200) == 0
    for run, (rows, final, weights) in zip(runs, outcome, strict=True):
        assert helpers.rows(run.dir) == rows
        assert helpers.final(run.dir) == final
        assert all(map(np.array_equal, helpers.weights(run), weights))
        status = run.dir.status()
        assert (status["state"], status["attempt"], status["step"]) == ("done", attempts, run.config["train"]["steps"])
        steps = [row["step"] for row in run.dir.metrics()]
        assert steps == sorted(set(steps))
        left = {path.name for path in run.dir.path.iterdir()}
        assert left == {"config.json", "status.json", "metrics.jsonl", "env.json", "diff.patch", "log.txt", "weights"}


def test_kill_in_the_middle_of_saves_and_at_random(runs, undisturbed):
    seeds, outcome = undisturbed
    made, dice = planned(seeds, 0.0), random.Random(len(seeds))  # saves after every step
    members = list(made.runs.values())
    last = members[-1].dir
    kills = 0
    for wanted in (lambda: in_the_middle_of_a_save(last), lambda: dice.random() < 0.01, lambda: in_the_middle_of_a_save(members[0].dir)):
        worker = helpers.start_worker(members)
        before = len(saved(last)) and saved(last)[-1]
        assert until(worker, lambda before=before, wanted=wanted: saved(last) and saved(last)[-1] > before + 1 and wanted())
        kill(worker)
        kills += 1
        assert [run.dir.state() for run in members] == ["preempted"] * len(members)
    finish_and_compare(made, outcome, kills + 1)


def test_kill_before_the_first_save_and_in_the_final_one(runs, undisturbed):
    seeds, outcome = undisturbed
    made = planned(seeds, 60.0)
    members = list(made.runs.values())
    worker = helpers.start_worker(members)
    assert until(worker, lambda: members[-1].dir.state() == "running")
    kill(worker)
    worker = helpers.start_worker(members)
    assert until(worker, lambda: any(members[-1].dir.path.glob("weights*")))
    kill(worker)
    finish_and_compare(made, outcome, 3)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_saves_and_goes_on_later(runs, undisturbed, number):
    seeds, outcome = undisturbed
    if number != signal.SIGTERM and len(seeds) > 1:
        pytest.skip("one pack is enough")
    made = planned(seeds, 0.0)
    members = list(made.runs.values())
    worker = helpers.start_worker(members)
    assert until(worker, lambda: saved(members[-1].dir))
    worker.send_signal(number)
    assert worker.wait(60) == 0
    step = members[0].dir.status()["step"]
    assert [run.dir.state() for run in members] == ["preempted"] * len(members)
    assert [saved(run.dir)[-1] for run in members] == [step] * len(members)
    finish_and_compare(made, outcome, 2)


def test_a_full_disk_fails_in_one_line_and_the_run_goes_on_later(runs, undisturbed, tmp_path, monkeypatch):
    """The disk fills up while the weights are written; with space again the run goes on from its checkpoint."""
    seeds, outcome = undisturbed
    if len(seeds) > 1:
        pytest.skip("one run is enough")
    made = planned(seeds, 0.0)
    run = made.runs[made.targets[0]]
    from shared import checkpoint
    from shared.errors import BadInput

    def full(path, tree):
        raise BadInput(f"no disk space left for {path}: free some, or set PAPERCLUB_RUNS to a roomier folder")

    save = checkpoint.save
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save", lambda path, tree: full(path, tree) if path.name == "9" else save(path, tree))
        assert helpers.work([run]) == 2
    status = run.dir.status()
    assert status["state"] == "failed" and "\n" not in status["error"] and "no disk space left" in status["error"]
    finish_and_compare(made, outcome, 2)
