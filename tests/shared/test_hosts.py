"""What the processes of one run decide together, with the others made up; tests/launch/test_many_hosts.py has real ones."""

import numpy as np
import pytest

from shared import hosts
from shared.run import Run
from shared.rundir import RunDir


@pytest.fixture
def pack(tmp_path) -> list[RunDir]:
    dirs = [RunDir(tmp_path / str(index)) for index in range(2)]
    for index, run in enumerate(dirs):
        run.create({"config": {"seed": index}, "paper": "p"})
    return dirs


@pytest.fixture
def companion(pack, monkeypatch):
    """Process 1 of two, and what process 0 says at each meeting: [asked, time is up, save, steps to the next, a word per member]."""
    monkeypatch.setenv("PAPERCLUB_PROCESS", "1")
    run, said = Run(pack, ("seed",), {"data": 2}, {}), []
    monkeypatch.setattr(hosts, "together", lambda mine: np.stack([np.int32(said.pop(0)), mine]))
    return run, said


def test_alone_everything_is_as_one_says():
    assert hosts.first() and not hosts.several()
    assert hosts.share({"a": 1}) == {"a": 1} and hosts.all_of(True) and not hosts.all_of(False)
    tree = {"a": np.ones(2)}
    assert hosts.whole(tree) is tree


def test_a_process_saves_when_the_first_says_so_and_meets_it_when_it_says(companion):
    run, said = companion
    said += [[0, 0, 1, 3, 0, 0], [0, 0, 0, 1, 0, 0]]
    assert run.agree(1, save=False)
    assert not run.agree(2, save=True) and not run.agree(3, save=True) and len(said) == 1
    assert not run.agree(4, save=True) and not said and not run.stopping


@pytest.mark.parametrize("who", ["me", "the first"])
def test_whoever_is_asked_to_stop_stops_all_of_them(companion, who):
    run, said = companion
    said.append([int(who == "the first"), int(who == "the first"), 0, 1, 0, 0])
    run._asked = run.time_up = who == "me"
    assert not run.stopping
    run.agree(1, save=False)
    assert run.stopped == "preempted" and run.time_up


def test_a_member_leaves_all_processes_at_the_same_step(companion, pack):
    run, said = companion
    said += [[0, 0, 0, 1, 0, 1], [0, 0, 0, 1, 2, 0]]
    run.agree(1, save=False)
    assert run.active == [True, False]
    run.agree(2, save=False)
    assert run.active == [False, False] and run.stopping


def test_a_companion_writes_nothing_into_the_run(companion, pack):
    run, _ = companion
    before = [{path.name: path.read_bytes() for path in member.path.iterdir()} for member in pack]
    with run:
        run.log(1, {"loss": 1.0})
        run.table(0, "arrays.npz").write_bytes(b"large")
        run.end(0, "diverged", error="not finite")
        run.finish({"loss": 1.0})
        run.drop_checkpoints()
    assert [{path.name: path.read_bytes() for path in member.path.iterdir()} for member in pack] == before
