import json
import math
import os
import signal

import jax
import numpy as np
import pytest
from jax.sharding import NamedSharding, PartitionSpec

from shared.errors import BadInput
from shared.run import Run
from shared.rundir import RunDir


@pytest.fixture
def pack(tmp_path) -> list[RunDir]:
    dirs = [RunDir(tmp_path / str(index)) for index in range(3)]
    for index, run in enumerate(dirs):
        run.create({"config": {"seed": index, "optim": {"lr": 0.1 * index}}, "paper": "p"})
    return dirs


def of(dirs: list[RunDir]) -> Run:
    return Run(dirs, ("seed", "optim.lr"), {"data": 1}, {})


def test_hyper_are_the_packable_fields_as_arrays(pack):
    hyper = of(pack).hyper
    assert hyper["seed"].tolist() == [0, 1, 2] and hyper["seed"].dtype == np.int32
    assert hyper["optim.lr"].dtype == np.float32


def test_every_member_gets_its_own_numbers(pack):
    run = of(pack)
    run.log(1, {"shared": 5, "loss": np.float32([1, 2, 3])})
    run.flush()
    assert [member.metrics() for member in pack] == [[{"step": 1, "shared": 5, "loss": float(k)}] for k in (1, 2, 3)]


def test_what_json_cannot_say_is_null(pack):
    run = of(pack)
    run.log(1, {"loss": np.float32([math.nan, math.inf, 3])})
    run.flush()
    lines = [(member.path / "metrics.jsonl").read_text() for member in pack]
    assert [json.loads(line, parse_constant=pytest.fail)["loss"] for line in lines] == [None, None, 3.0]


def test_an_ended_member_is_logged_no_more(pack):
    run = of(pack)
    run.log(1, {"loss": 1.0})
    run.end(1, "diverged", error="loss not finite")
    run.log(2, {"loss": 1.0})
    run.finish({"val": [1, 2, 3]})
    run.flush()
    assert [len(member.metrics()) for member in pack] == [2, 1, 2]
    assert [member.status()["state"] for member in pack] == ["done", "diverged", "done"]
    assert [member.status().get("final") for member in pack] == [{"val": 1}, None, {"val": 3}]


def test_a_request_to_cancel_one_member_leaves_the_others(pack):
    run = of(pack)
    (pack[0].path / "cancel").touch()
    run.beat()
    assert run.active == [False, True, True] and not run.stopping
    assert pack[0].status()["state"] == "cancelled" and not (pack[0].path / "cancel").exists()


def test_a_member_that_another_process_took_over_is_left_to_it(pack, capsys):
    run = of(pack)
    run.log(1, {"loss": 1.0})
    (pack[0].path / "claim.lock").write_text(json.dumps({"host": "elsewhere", "pid": 1, "started": "1"}))
    before = {path.name: path.read_bytes() for path in pack[0].path.iterdir()}
    run.beat()
    run.finish({"val": 1})
    assert {path.name: path.read_bytes() for path in pack[0].path.iterdir()} == before
    assert [member.status()["state"] for member in pack] == ["queued", "done", "done"]
    assert "taken over" in capsys.readouterr().out


def test_a_request_to_cancel_that_came_too_late_is_forgotten(pack):
    run = of(pack)
    (pack[0].path / "cancel").touch()
    run.finish({})
    assert pack[0].status()["state"] == "done" and not (pack[0].path / "cancel").exists()


def test_a_cancelled_member_keeps_what_it_saved(pack):
    run = of(pack)
    run.save(5, {"w": np.ones((3, 2))})
    run.end(0, "cancelled")
    run.end(1, "diverged")
    run.finish({})
    run.drop_checkpoints()
    assert [(member.path / "ckpt").exists() for member in pack] == [True, False, False]


def test_kills_in_the_middle_of_saves_cost_one_save_each(pack):
    """A kill that leaves one member ahead of the others, three times: what all members hold is never pushed out."""
    sharding = NamedSharding(jax.make_mesh((1,), ("member",)), PartitionSpec(None))
    abstract = {"w": jax.ShapeDtypeStruct((3, 2), np.float32, sharding=sharding)}
    for whole, torn in ((100, 200), (195, 290), (250, 260)):
        run = of(pack)
        run.save(whole, {"w": np.full((3, 2), whole, np.float32)})
        run.active = [True, False, False]  # the kill comes when the first member has saved
        run.save(torn, {"w": np.full((3, 2), torn, np.float32)})
        state, step = of(pack).restore(abstract)
        assert step == whole and (np.asarray(state["w"]) == whole).all()


def test_signals_ask_the_loop_to_stop(pack):
    run, before = of(pack), {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)}
    try:
        run.install_signals()
        os.kill(os.getpid(), signal.SIGTERM)
        assert run.stopping and run.stopped == "preempted"
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_means_come_from_the_disk(pack):
    run = of(pack)
    for step in (2, 4, 6):
        run.log(step, {"loss": np.float32([step, 2 * step, math.nan])})
    means = run.recent_mean("loss", since=2)
    assert means[:2].tolist() == [5, 10] and math.isnan(means[2])
    assert of(pack).recent_mean("loss", since=2)[0] == 5  # another process


def test_a_full_disk_ends_the_run_in_one_line(pack, monkeypatch):
    run = of(pack)
    run.log(1, {"loss": 1.0})

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadInput, match="no disk space left.*PAPERCLUB_RUNS"):
        run.flush()
