"""Names with quotes, spaces and $(...) are text wherever they go; a key in the environment goes nowhere."""

import json
import subprocess

import pytest

from launch import plan, worker
from launch.cli import main
from launch.engines import local

NAMES = ("a b", "$(touch pwned)", "`touch pwned`", "'; touch pwned; '", '"quoted"', "[/b] :+1:", "-rf", "é")
KEY = "fake0123456789abcdef0123456789abcdef0123"


@pytest.fixture
def hostile(paper, tmp_path, monkeypatch):
    """A config whose runs have such names, in a folder where a shell would leave a file."""
    monkeypatch.chdir(tmp_path)
    return paper("a", f"def sweep(config):\n    return ({{'name': name}} for name in {NAMES!r})")


def test_no_shell_ever_sees_a_name(hostile, fake_worker, runs, capsys, tmp_path):
    assert main(["sweep", hostile, "--yes"]) == 0
    built = plan.build(hostile, "cpu", [])
    assert sorted(fake_worker(runs)) == sorted(built.runs)
    for run_id, run in built.runs.items():
        assert run.dir.path.name == run_id and run.dir.record()["config"]["name"] in NAMES  # no path holds a name
    for words in (["status"], ["compare", hostile], ["retry", hostile, "--rerun=all", "--yes"], ["gc", "--dry"], ["cancel", hostile]):
        assert main(words) == 0
    said = capsys.readouterr().out
    assert "name=$(touch pwned)" in said and "name=[/b] :+1:" in said
    assert not list(tmp_path.rglob("pwned"))


def test_the_command_that_repeats_a_run_is_quoted(hostile, fake_worker, capsys, tmp_path):
    assert main(["sweep", hostile, "--yes"]) == 0
    built = plan.build(hostile, "cpu", [])
    for run in built.runs.values():
        run.dir.update(final={"loss": -float(run.config["name"] == "$(touch pwned)")})
    capsys.readouterr()
    assert main(["compare", hostile]) == 0
    command = capsys.readouterr().out.strip().splitlines()[-1].partition(": ")[2]
    said = subprocess.run(["sh", "-c", f"printf '%s\\n' {command}"], capture_output=True, text=True, cwd=tmp_path, check=True).stdout
    words = [word for word in said.splitlines() if word.startswith("--config.")]
    (best,) = plan.build(hostile, "cpu", words, single=True).targets
    assert built.runs[best].config["name"] == "$(touch pwned)" and not list(tmp_path.rglob("pwned"))


def test_a_worker_is_started_without_a_shell_and_without_names(hostile, monkeypatch, runs):
    """The command line is Python, the worker, and the path of a job file."""
    started = []
    monkeypatch.setattr(local.subprocess, "Popen", lambda words, **settings: started.append((words, settings)))
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    runs.mkdir()
    local.start(runs / "job.json", runs / "log", [])
    ((words, settings),) = started
    assert words[1:3] == ["-m", "launch.worker"] and len(words) == 4 and not settings.get("shell") and KEY not in json.dumps(words)


def test_a_key_is_in_no_file_and_in_nothing_that_is_said(hostile, fake_worker, runs, monkeypatch, tmp_path, capsys):
    """Of a launch, of what a worker writes of its environment, and of what looks at both; W&B's own files: test_sync.py."""
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setenv("SOME_TOKEN", KEY[::-1])
    assert main(["sweep", hostile, "--yes"]) == 0
    made = [run.dir for run in plan.build(hostile, "cpu", []).runs.values()]
    worker.write_environment(made)
    for words in (["status"], ["compare", hostile, f"--page={tmp_path / 'page.html'}"], ["show", hostile]):
        assert main(words) == 0
    said = capsys.readouterr()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"env.json", "config.json", "page.html", "a-cpu.json"} <= {path.name for path in files} and list(runs.glob("toy/jobs/*.json"))
    for secret in (KEY, KEY[::-1]):
        assert secret not in said.out + said.err
        assert not [path for path in files if secret.encode() in path.read_bytes()]
