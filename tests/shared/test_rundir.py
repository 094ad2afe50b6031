import json
import os
import socket
import subprocess
import time
from pathlib import Path

import helpers
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


DEAD = {"host": socket.gethostname(), "pid": 2**22 + 1, "started": "1"}

# In a process without threads, which may fork. Six processes claim at once; a winner stays alive until all have tried.
COMPETE = """
    import multiprocessing, sys
    from pathlib import Path
    multiprocessing.set_start_method("fork")
    from shared.rundir import RunDir

    run, left, won, barrier = RunDir(Path(sys.argv[1])), sys.argv[2], multiprocessing.Value("i", 0), multiprocessing.Barrier(6)

    def compete():
        for turn in range(10):
            barrier.wait()
            mine = run.claim()
            if mine:
                with won.get_lock():
                    won.value += 1
            barrier.wait()
            assert won.value == turn + 1, won.value
            barrier.wait()
            if mine:
                (run.path / "claim.lock").write_text(left) if left else run.release()

    processes = [multiprocessing.Process(target=compete) for _ in range(6)]
    if left:
        (run.path / "claim.lock").write_text(left)
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print(won.value, *[process.exitcode for process in processes])
"""


@pytest.mark.parametrize("left", ["", json.dumps(DEAD)], ids=["free", "stale"])
def test_of_many_processes_one_gets_the_claim(run, left):
    assert helpers.script(COMPETE, str(run.path), left).split() == ["10", *"000000"]


# Six processes claim, mark their turn by a file that must not be there, and release, until each had three turns.
HAND_ON = """
    import multiprocessing, os, sys
    from pathlib import Path
    multiprocessing.set_start_method("fork")
    from shared.rundir import RunDir

    def hand_on():
        run, mark, turns = RunDir(Path(sys.argv[1])), sys.argv[1] + "/turn", 0
        while turns < 3:
            if run.claim():
                os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
                os.unlink(mark)
                run.release()
                turns += 1

    processes = [multiprocessing.Process(target=hand_on) for _ in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print(*[process.exitcode for process in processes])
"""


def test_a_claim_goes_from_hand_to_hand_without_being_shared(run):
    assert helpers.script(HAND_ON, str(run.path)).split() == ["0"] * 6


def test_a_claim_is_held_until_its_process_ends(run):
    assert run.claim() and run.claimed() and not run.claim()
    run.release()
    assert not run.claimed()


def test_only_the_holder_gives_a_claim_back(run):
    assert run.claim() and not run.taken_over()
    lock = run.path / "claim.lock"
    lock.write_text(json.dumps({"host": "elsewhere", "pid": 1, "started": "1"}))
    assert run.taken_over()
    run.release()
    assert lock.exists()


def test_a_number_given_to_another_process_is_not_the_holder(run):
    (run.path / "claim.lock").write_text(json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "started": "1"}))
    assert not run.claimed() and run.claim()


def test_a_process_that_ended_holds_nothing_though_nobody_took_note_of_it(run):
    child = subprocess.Popen(["sleep", "60"])
    started = rundir.process_started(child.pid)
    child.kill()
    while Path(f"/proc/{child.pid}/stat").read_text().split()[2] != "Z":  # a zombie until wait()
        time.sleep(0.01)
    (run.path / "claim.lock").write_text(json.dumps({"host": socket.gethostname(), "pid": child.pid, "started": started}))
    assert not run.claimed() and run.claim()
    child.wait()


def test_the_claim_of_a_cluster_s_job_goes_with_the_job(run, monkeypatch):
    """On another host the heartbeat is fresh still when the cluster knows that the node is dead."""
    (run.path / "claim.lock").write_text(json.dumps({"host": "elsewhere", "pid": 1, "started": "1", "job": "big:12_3"}))
    run.update(state="running", heartbeat=time.time())
    assert run.claimed() and run.claimed(gone="big:12_4") and not run.claim(gone="big:12_4")
    assert not run.claimed(gone="big:12_3") and run.claim(gone="big:12_3")


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


@settings(max_examples=20, deadline=None)
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
