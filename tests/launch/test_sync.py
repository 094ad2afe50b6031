"""Offline W&B runs go up once, a resumed run's fragments together and in order; nothing is called without a key."""

import json
import subprocess
import sys

import fabricated
import pytest

from launch.cli import main
from shared.mirror import Mirror

FAKE = """\
import json, os, pathlib, sys
with open(os.environ["FAKE_LOG"], "a") as log:
    log.write(json.dumps(sys.argv[1:]) + chr(10))
if os.environ.get("FAKE_FAILS"):
    print("wandb: Not authenticated.")
else:
    for folder in sys.argv[2:]:
        for file in pathlib.Path(folder).glob("*.wandb"):
            file.with_suffix(".wandb.synced").touch()
"""


@pytest.fixture
def calls(tmp_path, monkeypatch):
    """A `wandb` that writes down how it was called and marks what it was given, as the real one does."""
    package = tmp_path / "fake" / "wandb"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(FAKE)
    log = tmp_path / "calls"
    log.write_text("")
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    monkeypatch.setenv("FAKE_LOG", str(log))
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    return lambda: [json.loads(line) for line in log.read_text().splitlines()]


def fragment(run, time: str):
    folder = run.dir.path / "wandb" / f"offline-run-{time}-{run.id}"
    folder.mkdir(parents=True)
    (folder / f"run-{run.id}.wandb").write_text("")
    return str(folder)


@pytest.fixture
def plan():
    return fabricated.sweep(fabricated.demo())


def test_without_a_key_nothing_is_called(plan, calls, monkeypatch, capsys):
    fragment(plan.runs[plan.targets[0]], "20260101_000000")
    monkeypatch.delenv("WANDB_API_KEY")
    assert main(["sync"]) == 2
    error = capsys.readouterr().err
    assert "WANDB_API_KEY" in error and error.count("\n") == 1 and calls() == []


def test_every_run_goes_up_once_with_its_fragments_in_start_order(plan, calls, capsys):
    first, second = (plan.runs[target] for target in plan.targets[:2])
    late, early, other = fragment(first, "20260102_000000"), fragment(first, "20260101_000000"), fragment(second, "20260101_000000")
    assert main(["sync"]) == 0
    assert sorted(calls()) == sorted([["sync", early, late], ["sync", other]])
    assert main(["sync"]) == 0 and len(calls()) == 2
    again = fragment(first, "20260103_000000")  # resumed since
    assert main(["sync"]) == 0
    assert calls()[2:] == [["sync", early, late, again]]


def test_a_running_run_waits(plan, calls, capsys):
    run = plan.runs[plan.targets[0]]
    fragment(run, "20260101_000000")
    assert run.dir.claim()
    assert main(["sync"]) == 0 and calls() == [] and "1 still running" in capsys.readouterr().out


def test_what_left_no_mark_has_failed_whatever_the_exit_code_says(plan, calls, monkeypatch, capsys):
    fragment(plan.runs[plan.targets[0]], "20260101_000000")
    monkeypatch.setenv("FAKE_FAILS", "1")
    assert main(["sync"]) == 1
    assert "Not authenticated" in capsys.readouterr().out


def test_the_key_is_never_on_the_command_line(plan, calls):
    fragment(plan.runs[plan.targets[0]], "20260101_000000")
    main(["sync"])
    assert "k" * 40 not in json.dumps(calls())


@pytest.mark.slow
def test_the_offline_mirror_says_what_metrics_jsonl_says(plan, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    run = plan.runs[plan.targets[0]]
    mirror = Mirror(run.dir)
    for row in run.dir.metrics():
        mirror.log(row)
    mirror.finish({}, failed=False)
    (folder,) = (run.dir.path / "wandb").glob("offline-run-*")
    words = [sys.executable, "-m", "wandb", "leet", "inspect", "--summary", "--json", str(folder)]
    found = json.loads(subprocess.run(words, capture_output=True, text=True, check=True, timeout=120).stdout)
    last = run.dir.metrics()[-1]
    assert (found["run_id"], found["state"], found["project"]) == (run.id, "finished", "infinite_compute")
    assert found["summary"]["val/loss"] == pytest.approx(last["val/loss"])
    assert found["config"]["optim"]["lr"] == run.config["optim"]["lr"]
