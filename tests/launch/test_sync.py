"""Offline W&B runs go up once, a resumed run's fragments together and in order; nothing is called without a key."""

import json
import subprocess
import sys
from types import SimpleNamespace

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


@pytest.fixture
def uploaded(plan, calls, monkeypatch):
    """The demo as W&B has it, behind a stand-in for its server; report(spec) is what it was given."""
    spec = pytest.importorskip("wandb_workspaces.reports.v2", reason="wandb-workspaces is not installed: it is an extra")
    import wandb

    saved = []
    monkeypatch.setattr(wandb, "Api", lambda: SimpleNamespace(default_entity="me"))
    monkeypatch.setattr(spec.interface, "_get_api", lambda: None)
    monkeypatch.setattr(spec.interface, "execute_graphql", lambda *_: {"project": {"internalId": "7"}})
    monkeypatch.setattr(spec.Report, "save", lambda self: saved.append(json.loads(self._to_model().spec.model_dump_json(by_alias=True))))
    monkeypatch.setattr(spec.Report, "url", "https://wandb.example/report")
    return saved


@pytest.mark.slow
def test_a_report_on_wandb_shows_the_runs_of_the_sweep(plan, uploaded, capsys):
    assert main(["sync", "--report"]) == 0
    assert f"{fabricated.DEMO}: https://wandb.example/report" in capsys.readouterr().out
    (spec,) = uploaded
    grid = next(block["metadata"] for block in spec["blocks"] if block["type"] == "panel-grid")
    (runs,) = grid["runSets"]
    assert set(runs["filters"]["filters"][0]["value"]) == set(plan.runs)
    assert [key["name"] for key in runs["grouping"]] == ["entry.value", "optim.value.weight_decay"]
    kinds = [panel["viewType"] for panel in grid["panelBankSectionConfig"]["panels"]]
    assert kinds == ["Run History Line Plot", "Parallel Coordinates Plot", "Run Comparer"]
    assert "python -m launch run infinite_compute/demo" in json.dumps(spec)


def test_without_the_extra_a_report_is_one_line(plan, calls, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "wandb_workspaces", None)
    assert main(["sync", "--report"]) == 2
    error = capsys.readouterr().err
    assert "pip install wandb-workspaces" in error and error.count("\n") == 1


KEY = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.slow
def test_the_offline_mirror_says_what_the_run_directory_says_and_no_secret(plan, monkeypatch):
    """Read back with W&B's own tool."""
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    run = plan.runs[plan.targets[0]]
    mirror, rows = Mirror(run.dir), run.dir.metrics()
    for row in rows:
        mirror.log(row)
    mirror.finish({"test/loss": 1.5}, failed=False)
    (folder,) = (run.dir.path / "wandb").glob("offline-run-*")
    words = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(folder)]
    lines = subprocess.run(words, capture_output=True, text=True, check=True, timeout=120).stdout.splitlines()
    records: dict[str, list[dict]] = {}
    for line in map(json.loads, lines):
        records.setdefault(line["type"], []).append(line.get(line["type"]))
    (said,) = records["run"]
    record = run.dir.record()
    assert (said["run_id"], said["project"], said["run_group"]) == (run.id, "infinite_compute", fabricated.DEMO)
    assert (said["display_name"], said["job_type"], said["tags"]) == (record["label"], "train", ["smoke"])
    assert {key: value for key, value in said["config"]["update"].items() if key != "_wandb"} == record["config"]
    history = [line["item"] for line in records["history"]]
    assert [{key: value for key, value in item.items() if key[0] != "_"} for item in history] == rows
    assert [item["_step"] for item in history] == [row["step"] for row in rows]
    assert records["exit"][0]["exit_code"] == 0 and any("test/loss" in line["update"] for line in records["summary"])
    assert not [path for path in run.dir.path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
