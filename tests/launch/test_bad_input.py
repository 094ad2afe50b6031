"""Every bad input of the command line: exit code 2, one line that names the remedy, nothing started, nothing lost."""

import errno
import json
import os
import sys
from pathlib import Path

import helpers
import pytest

from launch import cli, plan, start
from launch.configs import ROOT
from shared.data import registry
from shared.rundir import RunDir

TRAIN = "infinite_compute/train"
SMOKE = "--scale=smoke"


def refused(capsys, *words: str) -> str:
    """The one line after `error: `."""
    code = cli.main(list(words))
    error = capsys.readouterr().err
    assert code == 2
    assert error.startswith("error: ") and error.count("\n") == 1, error
    return error.removeprefix("error: ").strip()


@pytest.mark.parametrize("words, remedy", [
    (["run", "infinite_computer/train"], "did you mean 'infinite_compute'"),
    (["run", "nothing/like/it"], "`python -m launch list`"),
    (["run", "infinite_compute/trian"], "did you mean 'infinite_compute/train'"),
    (["show", "infinite_compute/fig33"], "did you mean 'infinite_compute/fig3'"),
    (["run", "infinite_compute/base"], "`python -m launch list infinite_compute`"),
    (["run", "/nowhere/train.py"], "`python -m launch list`"),
    (["list", "infinite"], "no paper"),
    (["run", TRAIN, "--scale=smok"], "did you mean 'smoke'"),
    (["run", TRAIN, SMOKE, "--config.mesh=cpu9"], "did you mean 'cpu"),
    (["run", TRAIN, SMOKE, "--config.mesh=h200"], "--config.mesh=cpu"),
    (["run", TRAIN, SMOKE, "--config.mesh=cpu8-data", "--config.train.batch_size=4"], "--config.train.batch_size"),
    (["run", TRAIN, SMOKE, "--config.mesh=cpu8-cube", "--config.model.name=S"], "model.heads=3 does not divide over tensor = 2 devices"),
    (["sweep", TRAIN, SMOKE, "--sweep=wide"], "no sweep 'wide'"),
    (["run", TRAIN, SMOKE, "--config.modle.width=64"], "did you mean 'model.width'"),
    (["run", TRAIN, SMOKE, "--config.model.widht=64"], "did you mean 'model.width'"),
    (["run", TRAIN, SMOKE, "config.optim.lr=5"], "write --config.<field>=<value>"),
    (["run", TRAIN, SMOKE, "--config=configs/infinite_compute/train.py"], "write --config.<field>=<value>"),
    (["run", TRAIN, SMOKE, "--config.optim.lr", "5"], "write --config.<field>=<value>"),
    (["run", TRAIN, SMOKE, "--yess"], "write --config.<field>=<value>"),
    (["run", TRAIN, SMOKE, "--sweep=standard"], "write --config.<field>=<value>"),
    (["report", "--scale=cpuu"], "did you mean 'cpu'"),
    (["sweep", "infinite_compute/certify", SMOKE, "--config.optim.lr=0.005"], "not on its ladder: choose one of 0.0001"),
    (["status", "a", "b"], "--help"),
    (["run", TRAIN, SMOKE, "--config.train.epochs=abc"], "give a whole number"),
    (["run", TRAIN, SMOKE, "--config.train.epochs=1.5"], "give a whole number"),
    (["run", TRAIN, SMOKE, "--config.optim.lr=high"], "give a number"),
    (["run", TRAIN, SMOKE, "--config.save.final=no"], "true or false"),
    (["run", TRAIN, SMOKE, "--config.optim=1"], "did you mean 'optim.lr'"),
    (["run", TRAIN, SMOKE, "--config.optim.lr=nan"], "optim.lr: not a finite number"),
    (["run", TRAIN, SMOKE, "--config.optim.lr=inf"], "optim.lr: not a finite number"),
    (["run", TRAIN, SMOKE, "--config.model.name=huge"], "choose one of"),
    (["run", TRAIN, SMOKE, "--config.data.tokens=1000"], "not a multiple"),
    (["run", TRAIN, SMOKE, "--config.data.name=enwik9"], "there are enwik8"),
    (["run", TRAIN, "--scale=paper"], "no data set 'dclm': there are enwik8, sotu, tiny, "),
    (["run", TRAIN, SMOKE, "--config.data.vocab=100000"], "take 256 to 65536"),
    (["run", "infinite_compute/ensemble", SMOKE, "--config.ensemble.vary=all"], "choose both, init or data"),
    (["run", TRAIN, SMOKE, "--config.train.steps=5"], "train.steps=5: it is 64 and follows from data.tokens"),
    (["run", TRAIN, SMOKE, "--config.model.width=999"], "model.width=999: it is 32 and follows from model.name"),
    (["run", TRAIN, SMOKE, "--config.optim.lr=-1"], "optim.lr=-1.0: must be above 0"),
    (["run", TRAIN, SMOKE, "--config.optim.weight_decay=-3"], "optim.weight_decay=-3.0: must be at least 0"),
    (["run", TRAIN, SMOKE, "--config.optim.beta2=1.5"], "optim.beta2=1.5: a share between 0 and 1"),
    (["run", TRAIN, SMOKE, "--config.model.dtype=foo"], "choose float32 or bfloat16"),
    (["run", TRAIN, SMOKE, "--config.sample.teacher=foo"], "choose mixture or logits"),
    (["run", TRAIN, SMOKE, "--config.synthetic.teacher=foo"], "choose mixture or logits"),
    (["run", TRAIN, SMOKE, "--config.ensemble.combine=foo"], "choose logits or weights"),
    (["run", TRAIN, SMOKE, "--config.sample.batch_size=0"], "sample.batch_size=0: must be at least 1"),
    (["run", "infinite_compute/sample", SMOKE, "--config.ensemble.members=64"], "every one of 64 teachers needs a row"),
    (["run", TRAIN, SMOKE, "--config.sample.temperature=0"], "sample.temperature=0.0: must be above 0"),
    (["run", TRAIN, SMOKE, "--config.evaluation.probe_items=0"], "evaluation.probe_items=0: must be at least 1"),
    (["sweep", "infinite_compute/demo", SMOKE, "--config.optim.weight_decay=1"], "leave out --config.optim.weight_decay"),
    (["status", "no-such-run"], "`python -m launch status`"),
    (["logs", "no-such-run"], "`python -m launch status`"),
    (["cancel", "no-such-run"], "`python -m launch status`"),
    (["retry", "no-such-run"], "`python -m launch status`"),
])  # fmt: skip
def test_one_line_names_the_remedy(capsys, runs, words, remedy):
    assert remedy in refused(capsys, *words)
    assert not runs.exists()


@pytest.mark.parametrize("words", [
    [], ["fly"], ["run"], ["run", TRAIN, "--jobs=-1"], ["run", TRAIN, "--limit=1.5"], ["sweep", TRAIN, "--rerun=some"],
    ["cancel", ""], ["retry", " "],  # an unset variable is not "all of them"
])  # fmt: skip
def test_the_parser_says_one_line_too(capsys, runs, words):
    assert "--help`" in refused(capsys, *words) and not runs.exists()


def test_a_config_file_outside_configs(capsys, runs, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("raise SystemExit('this code must never run')")
    assert "move it to configs/<paper>/" in refused(capsys, "run", str(file))
    assert "move it to configs/<paper>/" in refused(capsys, "run", str(ROOT / "launch" / "cli.py"))


@pytest.mark.parametrize("text, remedy", [
    ("def sweep(config):\n    yield {'sed': 1, 'optim.lr': 'high', 'flag': 1}", "did you mean 'seed'"),
    ("def sweep(config):\n    return []", "empty"),
    ("def sweep(config):\n    yield {'optim.lr': float('nan')}", "optim.lr: not a finite number"),
    ("def sweep(config):\n    yield {'sizes': (1.0, float('inf'))}", "sizes: not a finite number"),
    ("def sweep(config):\n    yield {'train.steps': 0}", "must be at least 1"),
    ("def sweep(config):\n    while True:\n        yield {'seed': 1}", "more than 100,000 cells"),
    ("def sweep(config):\n    raise ValueError('no tuned values for 3 tokens: take 4')\n    yield", "take 4"),
    ("def needs(config):\n    return {'self': ('toy/a', {})}", "break the cycle"),
    ("def needs(config):\n    return {'next': ('toy/a', {'seed': config.seed + 1})}", "break the cycle"),
    ("def needs(config):\n    return {'other': ('toy/a', {'sed': 1})}", "did you mean 'seed'"),
    ("def needs(config):\n    return {'other': ('toy/b', {})}", "did you mean 'toy/a'"),
    ("def sweep(config):\n    yield {'mesh': 'cpu'}\n    yield {'mesh': 'h200', 'seed': 1}", "--config.mesh"),
])  # fmt: skip
def test_bad_config_files(capsys, runs, paper, text, remedy):
    error = refused(capsys, "sweep", paper("a", text), "--yes")
    assert remedy in error
    assert not runs.exists()


def test_a_cycle_over_two_files(capsys, runs, paper):
    paper("b", "def needs(config):\n    return {'a': ('toy/a', {})}")
    assert "break the cycle" in refused(capsys, "run", paper("a", "def needs(config):\n    return {'b': ('toy/b', {})}"))


def test_all_bad_cells_are_named_at_once(capsys, paper):
    error = refused(capsys, "sweep", paper("a", "def sweep(config):\n    yield {'sed': 1, 'optim.lr': 'high'}\n    yield {'flag': 1}"))
    assert all(word in error for word in ("sed", "optim.lr", "flag"))


SEEDS = "def sweep(config):\n    return ({'seed': seed} for seed in range(%d))"


def test_nobody_to_ask(capsys, runs, paper, monkeypatch):
    monkeypatch.setattr(sys, "stdin", open(os.devnull))  # noqa: SIM115
    assert "--yes" in refused(capsys, "sweep", paper("a", SEEDS % 2))
    assert not runs.exists()


def test_more_than_1000_runs_need_a_yes_whoever_asks(capsys, runs, paper, monkeypatch):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    assert "--yes" in refused(capsys, "sweep", paper("a", SEEDS % 1001))
    assert not runs.exists()


def test_no_is_no(capsys, runs, paper, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: "n")
    assert refused(capsys, "sweep", paper("a", SEEDS % 2)) == "not launched"
    assert not runs.exists()


def test_duplicates_are_folded_and_counted(capsys, paper):
    name = paper("a", "def sweep(config):\n    for seed in (1, 2, 1):\n        yield {'seed': seed}")
    assert cli.main(["sweep", name, "--dry"]) == 0
    assert "3 cells, 1 of them the same as another" in capsys.readouterr().out


def test_a_data_set_that_is_not_there(capsys, runs):
    command = registry.command("enwik8", 512)
    assert command in refused(capsys, "run", TRAIN, "--scale=cpu")
    assert not runs.exists()


def test_a_runs_folder_that_is_a_file(capsys, runs):
    runs.write_text("mine")
    assert "PAPERCLUB_RUNS" in refused(capsys, "run", TRAIN, SMOKE)
    assert runs.read_text() == "mine"


def test_a_runs_folder_that_is_closed(capsys, runs, monkeypatch):
    runs.mkdir()

    def closed(path, *_, **__):  # root, who runs many a CI, may write everywhere: the answer of the system is given here
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", closed)
    error = refused(capsys, "run", TRAIN, SMOKE)
    assert "PAPERCLUB_RUNS" in error and not list(runs.iterdir())


def test_a_full_disk(capsys, runs, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "no disk space left" in refused(capsys, "run", TRAIN, SMOKE)
    assert [path for path in runs.rglob("*") if path.is_file()] == []


@pytest.fixture
def existing(paper, runs):
    """A queued run of toy/a."""
    name = paper("a")
    run = plan.build(name, "cpu", []).runs.popitem()[1].dir
    start.create(plan.build(name, "cpu", []))
    return name, run


def edit(run: RunDir, **fields) -> None:
    record = run.record()
    (run.path / "config.json").write_text(json.dumps(record | fields))


def test_a_run_directory_of_another_config(capsys, existing):
    name, run = existing
    config = run.record()["config"]
    for record in ({"config": config | {"name": "b"}}, {"needs": {"x": ["y"]}}):
        edit(run, **record)
        assert "move that folder away" in refused(capsys, "run", name)
    (run.path / "config.json").write_text('{"my": "file"}')
    assert "move that folder away" in refused(capsys, "run", name)
    assert run.record() == {"my": "file"}


@pytest.mark.parametrize("file", ["config.json", "status.json"])
def test_a_damaged_run_directory(capsys, existing, file):
    name, run = existing
    (run.path / file).write_text('{"half')
    for words in (["run", name], ["status"]):
        assert f"{file} is damaged: move the folder" in refused(capsys, *words)


def test_a_running_run_is_not_replaced(capsys, existing):
    name, run = existing
    run.update(state="done")
    assert run.claim()
    assert "cancel it first" in refused(capsys, "run", name, "--rerun=all", "--yes")
    assert run.status()["state"] == "done"


def test_nothing_is_lost_by_a_refusal(capsys, trained_runs):
    folder = os.environ["PAPERCLUB_RUNS"]
    before = sorted(os.walk(folder))
    refused(capsys, "run", TRAIN, SMOKE, *helpers.flags(optim__lr="nan"))
    assert sorted(os.walk(folder)) == before
