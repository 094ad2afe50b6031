import json
import multiprocessing
import os
import socket
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import rundir
from shared.errors import BadInput
from shared.rundir import RunDir, write_atomic


@pytest.fixture
def run(tmp_path) -> RunDir:
    run = RunDir(tmp_path / "paper" / "train" / "0123456789ab")
    run.create({"config": {}})
    return run


def compete(path: str, barrier, won) -> None:
    """Claims as soon as everybody is ready; a winner stays alive until all have tried."""
    barrier.wait()
    if RunDir(Path(path)).claim():
        won.append(os.getpid())
    barrier.wait()


DEAD = {"host": socket.gethostname(), "pid": 2**22 + 1, "started": "1"}


@pytest.mark.parametrize("left", [None, DEAD], ids=["free", "stale"])
def test_of_many_processes_one_gets_the_claim(run, left):
    context = multiprocessing.get_context("fork")
    with context.Manager() as manager:
        for _ in range(5):
            won, barrier = manager.list(), context.Barrier(8)
            if left:
                (run.path / "claim.lock").write_text(json.dumps(left))
            processes = [context.Process(target=compete, args=(str(run.path), barrier, won)) for _ in range(8)]
            for process in processes:
                process.start()
            for process in processes:
                process.join()
            assert len(won) == 1
            run.release()


def hand_on(path: str, log: str) -> None:
    """Claims, marks its turn in a file that must not be there, releases: until it had three turns."""
    run, turns = RunDir(Path(path)), 0
    while turns < 3:
        if run.claim():
            handle = os.open(log, os.O_CREAT | os.O_EXCL)
            os.close(handle)
            os.unlink(log)
            run.release()
            turns += 1


def test_a_claim_goes_from_hand_to_hand_without_being_shared(run, tmp_path):
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=hand_on, args=(str(run.path), str(tmp_path / "turn"))) for _ in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 6


def test_a_claim_is_held_until_its_process_ends(run):
    assert run.claim() and run.claimed() and not run.claim()
    run.release()
    assert not run.claimed()


def test_a_number_given_to_another_process_is_not_the_holder(run):
    (run.path / "claim.lock").write_text(json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "started": "1"}))
    assert not run.claimed() and run.claim()


@pytest.mark.parametrize("age, alive", [(10, True), (rundir.STALE_SECONDS + 10, False)])
def test_on_another_host_the_heartbeat_decides(run, age, alive):
    lock = run.path / "claim.lock"
    lock.write_text(json.dumps({"host": "elsewhere", "pid": 1, "started": "1"}))
    os.utime(lock, (time.time() - 1e4,) * 2)
    run.update(state="running", heartbeat=time.time() - age)
    assert run.claimed() is alive
    assert run.state() == ("running" if alive else "preempted")
    assert run.claim() is not alive


def test_a_lock_without_content_is_somebody_just_arriving(run):
    (run.path / "claim.lock").touch()
    assert run.claimed() and not run.claim()
    os.utime(run.path / "claim.lock", (time.time() - 1e4,) * 2)
    assert run.claim()


def test_a_mark_left_by_a_dead_taker_blocks_nobody_for_long(run):
    (run.path / "claim.lock").write_text(json.dumps(DEAD))
    mark = run.path / "claim.takeover"
    mark.touch()
    assert not run.claim()
    os.utime(mark, (time.time() - 1e4,) * 2)
    assert run.claim() and not mark.exists()


@settings(max_examples=20)
@given(st.lists(st.dictionaries(st.sampled_from(["state", "step", "error", "x"]), st.one_of(st.integers(), st.text())), max_size=5))
def test_status_merges_updates(tmp_path_factory, updates):
    run = RunDir(tmp_path_factory.mktemp("run"))
    expected = {}
    for update in updates:
        run.update(**update)
        expected |= update
        assert run.status() == expected
    assert {path.name for path in run.path.iterdir()} <= {"status.json"}


def test_writing_leaves_the_old_file_or_the_new_one(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomic(path, "old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadInput, match="no disk space left"):
        write_atomic(path, "new")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("file", "old")]


def test_rows_after_a_step_and_torn_lines_go(run):
    run.append_metrics([{"step": step, "loss": 1 / step} for step in (1, 2, 3)])
    with open(run.path / "metrics.jsonl", "a") as file:
        file.write('{"step": 4, "lo')
    assert [row["step"] for row in run.metrics()] == [1, 2, 3]
    run.truncate_metrics(2)
    run.append_metrics([{"step": 3, "loss": 0}])
    assert [row["step"] for row in run.metrics()] == [1, 2, 3]


def test_rows_that_did_not_reach_a_full_disk_are_written_whole_later(run, monkeypatch):
    row = {"step": 1, "text": "x" * 100}
    sync = os.fsync

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadInput, match="no disk space left"):
        run.append_metrics([row])
    monkeypatch.setattr(os, "fsync", sync)
    run.append_metrics([row])
    assert run.metrics() == [row]


def test_creating_twice_keeps_what_is_there(run):
    run.update(state="done", step=7)
    run.create({"config": {"other": 1}})
    assert run.record() == {"config": {}} and run.state() == "done"
    (run.path / "status.json").unlink()  # a crash between the two files
    run.create({"config": {}})
    assert run.status() == {"state": "queued", "step": 0, "attempt": 0}


def test_a_run_that_says_running_while_nobody_has_it_is_preempted(run):
    run.update(state="running")
    assert run.state() == "preempted"
    run.claim()
    assert run.state() == "running"
