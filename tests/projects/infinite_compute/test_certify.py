"""The command certify over made-up finished runs of the paper's scale, which nobody here could train."""

import pytest

from launch.plan import RunSpec, build
from launch.sweep import create
from projects.infinite_compute import certify

PAPER = "--scale=paper"
CENTRE = (3e-3, 16, 1.6)  # what configs/infinite_compute/certify.py starts from


def finish(*words: str) -> list[RunSpec]:
    """The cells of the search with these overrides; the loss is lowest in the centre."""
    plan = build("infinite_compute/certify", "paper", list(words))
    create(plan)
    for run in plan.runs.values():
        point = tuple(run.flat[axis] for axis in ("optim.lr", "train.epochs", "optim.weight_decay"))
        run.dir.update(state="done", final={"val/loss": 3.5 + (point != CENTRE)})
    return [plan.runs[target] for target in plan.targets]


def test_the_papers_own_seeds_are_certified(runs, capsys):
    """Its data seed is 42, not 0."""
    assert len(finish()) == 7
    assert certify.main([PAPER]) == 0
    assert "6 of 6" in capsys.readouterr().out


@pytest.mark.parametrize("word", [
    "data.name=enwik8", "data.vocab=4096", "data.context=2048", "data.reshuffle=true", "model.dtype=float32", "optim.beta2=0.99",
    "data.seed=0", "seed=1", "evaluation.probe_items=7",
])  # fmt: skip
def test_a_better_run_of_another_family_is_no_neighbour(runs, word, capsys):
    finish()
    centre, better, *others = finish(f"--config.{word}")
    better.dir.update(final={"val/loss": 1.0})
    for run in (centre, *others):
        run.dir.update(state="queued")
    assert certify.main([PAPER]) == 0
    assert "3.5" in capsys.readouterr().out


def test_a_missing_neighbour_is_named(runs, capsys):
    finish()[1].dir.update(state="failed")
    assert certify.main([PAPER]) == 1
    assert "1 neighbours missing" in " ".join(capsys.readouterr().out.split())


def test_launching_ends_when_a_round_adds_nothing(runs, monkeypatch, capsys):
    finish()[1].dir.update(state="failed")
    launched = []
    monkeypatch.setattr(certify, "launch", lambda options, cell, point: launched.append(point) or 0)
    assert certify.main([PAPER, "--launch"]) == 1
    assert launched == [CENTRE] and "goes no further" in capsys.readouterr().out


def test_launching_goes_on_until_it_is_certified(runs, monkeypatch):
    late = finish()[1].dir
    late.update(state="failed")
    monkeypatch.setattr(certify, "launch", lambda options, cell, point: late.update(state="done") or 0)
    assert certify.main([PAPER, "--launch"]) == 0
