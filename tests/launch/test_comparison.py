"""A comparison as a page, and the same from W&B."""

import re
import sys
from types import SimpleNamespace

import fabricated
import pytest
from fabricated import DEMO

from launch import measured
from launch.cli import main
from launch.fold import Comparison
from launch.measured import on_disk
from shared.rundir import all_runs


def test_the_page_has_the_table_the_charts_and_the_command(tmp_path, capsys):
    fabricated.sweep(fabricated.demo())
    page = tmp_path / "pages" / "demo.html"
    assert main(["compare", DEMO, f"--page={page}"]) == 0 and str(page) in capsys.readouterr().out
    text = page.read_text()
    assert text.count("<img") == 2 and "python -m launch run infinite_compute/demo" in text and 'class="best"' in text
    assert "fields that all share" in text and "model.width" in text and not re.search(r"(src|href)=\"(?!#|data:)", text)


def test_two_runs_differ_on_the_page(tmp_path):
    plan = fabricated.sweep(fabricated.demo())
    assert main(["compare", *plan.targets[:2], f"--page={tmp_path / 'two.html'}"]) == 0
    assert "what differs" in (tmp_path / "two.html").read_text()


def test_a_page_that_cannot_be_written_is_one_line(tmp_path, capsys):
    fabricated.sweep(fabricated.demo())
    (tmp_path / "file").write_text("")
    assert main(["compare", DEMO, f"--page={tmp_path / 'file' / 'page.html'}"]) == 2
    assert "--page" in capsys.readouterr().err


def of_api(run) -> SimpleNamespace:
    """A run as W&B's Api shows it: what the mirror sent, what was logged last, and W&B's own entries."""
    summary = {"_step": 3, "_runtime": 9, "step": run.status()["step"], **run.status().get("final", {}), "note": "text"}
    record = run.record()
    return SimpleNamespace(
        id=run.id, group=record["group"], tags=[record["scale"]], config=record["config"], state="finished", summary_metrics=summary,
        url=f"https://wandb.example/{run.id}", scan_history=run.metrics,
    )  # fmt: skip


@pytest.fixture
def wandb(monkeypatch):
    """A stand-in for the library, whose server holds the runs of the demo."""
    fabricated.sweep(fabricated.demo())
    asked = []

    class Api:
        default_entity = "me"

        def __init__(self, timeout):
            pass

        def runs(self, path, lazy):
            asked.append(path)
            return [of_api(run) for run in all_runs()]

    library = SimpleNamespace(Api=Api, errors=SimpleNamespace(Error=RuntimeError), asked=asked)
    monkeypatch.setitem(sys.modules, "wandb", library)
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    return library


def test_the_same_table_comes_from_wandb(wandb, capsys):
    assert main(["compare", DEMO]) == 0
    here = capsys.readouterr().out
    assert main(["compare", DEMO, "--wandb", "--metric=val/loss"]) == 0
    assert capsys.readouterr().out == here and wandb.asked == ["me/infinite_compute"]


def test_curves_come_from_wandb_too(wandb):
    there, here = Comparison(measured.on_wandb("infinite_compute"), "val/loss"), Comparison(list(map(on_disk, all_runs())), "val/loss")
    assert repr([one.curve("val/loss") for one in there.settings]) == repr([one.curve("val/loss") for one in here.settings])
    assert not {"step", "_step", "note"} & set(there.best.runs[0].final)


def test_without_a_key_wandb_is_not_asked(wandb, capsys, monkeypatch):
    monkeypatch.delenv("WANDB_API_KEY")
    assert main(["compare", DEMO, "--wandb"]) == 2
    assert "WANDB_API_KEY" in capsys.readouterr().err and wandb.asked == []


@pytest.mark.parametrize("glob, said", [("nosuch/fig", "begin it with a paper"), ("infinite_compute/fig99", "launch sync")])
def test_what_wandb_does_not_have_is_one_line(wandb, capsys, glob, said):
    assert main(["compare", glob, "--wandb"]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_a_server_that_says_no_is_one_line(wandb, capsys, monkeypatch):
    def refuses(self, path, lazy):
        raise RuntimeError("permission denied\nmore of it")

    monkeypatch.setattr(wandb.Api, "runs", refuses)
    assert main(["compare", DEMO, "--wandb"]) == 2
    assert capsys.readouterr().err == "error: W&B does not show infinite_compute: permission denied\n"
