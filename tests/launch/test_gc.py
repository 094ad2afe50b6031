"""gc deletes what nobody needs any more, after a preview, and never what a run measured."""

import os
import time

import fabricated
import pytest
from fabricated import DEMO
from hypothesis import given, settings
from hypothesis import strategies as st

from launch import gc
from launch.cli import main
from shared.data import cache
from shared.rundir import STATES, RunDir

HALF, SAVE = ".status.json.0a1b2c3d.tmp", "ckpt/4.orbax-checkpoint-tmp-1"
NOW, LONG_AGO = time.time(), time.time() - 90 * gc.DAY


def run_of(folder, state: str, beat: float, claimed: bool = False) -> RunDir:
    """A run with everything in its directory."""
    run = RunDir(folder)
    run.create({"config": {}, "needs": {}})
    run.append_metrics([{"step": 1}])
    run.update(state=state, heartbeat=beat)
    for name in ("ckpt/3/array", f"{SAVE}/array", "weights/array", "tables/arrays.npz", "log.txt", HALF):
        (run.path / name).parent.mkdir(parents=True, exist_ok=True)
        (run.path / name).write_text("x" * 10)
    os.utime(run.path / HALF, (LONG_AGO, LONG_AGO))
    if claimed:
        assert run.claim()
    return run


def waste(run: RunDir) -> set[str]:
    return {str(one.path.relative_to(run.path)) for one in gc.of_run(run, NOW - 30 * gc.DAY)}


@pytest.mark.parametrize("state, days, expected", [
    ("done", 0, {"ckpt", HALF}), ("diverged", 0, {"ckpt", HALF}),
    ("failed", 0, {SAVE, HALF}), ("cancelled", 0, {SAVE, HALF}), ("running", 0, {SAVE, HALF}),  # they go on from it
    ("failed", 90, {"ckpt", HALF}), ("cancelled", 90, {"ckpt", HALF}), ("running", 90, {"ckpt", HALF}),
])  # fmt: skip
def test_checkpoints_go_when_nobody_will_resume_from_them(tmp_path, state, days, expected):
    assert waste(run_of(tmp_path / "run", state, NOW - days * gc.DAY)) == expected


def test_a_run_that_somebody_computes_is_left_alone(tmp_path):
    assert waste(run_of(tmp_path / "run", "running", LONG_AGO, claimed=True)) == set()


@settings(max_examples=20, deadline=None)
@given(state=st.sampled_from(STATES), days=st.integers(0, 100), limit=st.integers(0, 100))
def test_results_stay_whatever_the_state_and_the_age(tmp_path_factory, state, days, limit):
    run = run_of(tmp_path_factory.mktemp("one") / "run", state, NOW - days * gc.DAY)
    for one in list(gc.of_run(run, NOW - limit * gc.DAY)):
        gc.delete(one)
    kept = {"config.json", "status.json", "metrics.jsonl", "log.txt", "weights", "tables"}
    assert kept <= {path.name for path in run.path.iterdir()} <= kept | {"ckpt", HALF}
    assert (run.path / "weights" / "array").exists() and not run.claimed()


def test_what_was_taken_up_since_the_preview_stays(tmp_path):
    run = run_of(tmp_path / "run", "cancelled", LONG_AGO)
    found = list(gc.of_run(run, NOW))
    assert run.claim()
    assert not any(map(gc.delete, found)) and (run.path / "ckpt" / "3").exists()


@pytest.fixture
def world(monkeypatch, tmp_path):
    """A finished sweep whose first run kept a checkpoint, and a cache with an old and a new program."""
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    run = next(iter(fabricated.sweep(fabricated.demo()).runs.values())).dir
    (run.path / "ckpt" / "9").mkdir(parents=True)
    (run.path / "ckpt" / "9" / "array").write_bytes(bytes(2_000_000))
    for name, age in (("compiled/old", 90), ("compiled/new", 0), ("text/.v512.partial", 90), ("text/v512", 90), ("tmpabcd1234", 90)):
        path = cache.root() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        os.utime(path, (NOW - age * gc.DAY,) * 2)
    return run


def left() -> set[str]:
    return {str(path.relative_to(cache.root())) for path in cache.root().rglob("*") if path.is_file()}


def test_preview_first_then_a_question(world, capsys, monkeypatch):
    assert main(["gc", "--dry"]) == 0
    said = capsys.readouterr().out
    assert "checkpoints of finished runs" in said and "2.0" in said and "compiled programs" in said
    assert main(["gc"]) == 2 and "--yes" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: "n")
    assert main(["gc"]) == 2 and capsys.readouterr().err == "error: nothing deleted\n"
    assert (world.path / "ckpt").exists() and len(left()) == 5


def test_yes_deletes_and_says_how_much(world, capsys):
    assert main(["gc", "--yes"]) == 0 and "2.0 MB freed" in capsys.readouterr().out
    assert not (world.path / "ckpt").exists() and left() == {"compiled/new", "text/v512"}
    assert main(["gc"]) == 0 and "nothing to delete" in capsys.readouterr().out


def test_a_pattern_leaves_the_cache_alone(world):
    assert main(["gc", DEMO, "--yes"]) == 0
    assert not (world.path / "ckpt").exists() and len(left()) == 5
