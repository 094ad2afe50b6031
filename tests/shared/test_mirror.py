import sys
from types import SimpleNamespace

import pytest

from shared import mirror
from shared.rundir import RunDir


@pytest.fixture
def member(tmp_path) -> RunDir:
    run = RunDir(tmp_path / "0123456789ab")
    run.create({"config": {"entry": "train"}, "paper": "p", "label": "", "group": "p/fig", "scale": "cpu"})
    return run


def wandb(run) -> SimpleNamespace:
    """A stand-in for the library: what `init` was told, and the run it returns."""
    told = {}

    def init(**settings):
        told.update(settings)
        if isinstance(run, Exception):
            raise run
        return run

    return SimpleNamespace(init=init, Settings=dict, told=told)


def broken(*_, **__):
    raise OSError("the disk of W&B is full")


@pytest.mark.parametrize("variables, expected", [
    ({}, "offline"), ({"WANDB_API_KEY": "x"}, "online"), ({"WANDB_API_KEY": "x", "WANDB_MODE": "offline"}, "offline"),
    ({"WANDB_MODE": "disabled"}, "disabled"),
])  # fmt: skip
def test_offline_until_there_is_a_key(monkeypatch, variables, expected):
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert mirror.mode() == expected


def test_a_run_has_its_own_id_and_the_group_of_its_sweep(member, monkeypatch):
    rows, summary = [], {}
    log = lambda row, step: rows.append((step, row))  # noqa: E731
    run = SimpleNamespace(define_metric=lambda *_, **__: None, log=log, summary=summary, finish=lambda exit_code: None)
    library = wandb(run)
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setitem(sys.modules, "wandb", library)
    made = mirror.Mirror(member)
    for step in (3, 3, 2, 9):
        made.log({"step": step, "loss": 2.0, "gone": None})
    made.finish({"val": 1.0}, failed=False)
    assert summary == {"val": 1.0}
    assert rows == [(shown, {"step": step, "loss": 2.0}) for shown, step in ((3, 3), (4, 3), (5, 2), (9, 9))]  # W&B drops what falls back
    assert (library.told["id"], library.told["group"], library.told["mode"]) == (member.id, "p/fig", "offline")


@pytest.mark.parametrize("run", [
    OSError("no network"), SimpleNamespace(define_metric=broken), SimpleNamespace(define_metric=print, log=broken, finish=broken),
])  # fmt: skip
def test_the_mirror_may_fail_the_run_may_not(member, monkeypatch, capsys, run):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setitem(sys.modules, "wandb", wandb(run))
    made = mirror.Mirror(member)
    for step in range(3):
        made.log({"step": step})
    made.finish({}, failed=False)
    assert capsys.readouterr().out.count("metrics.jsonl has everything") == 1


def test_disabled_never_imports_it(member, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    mirror.Mirror(member).log({"step": 1})
