import argparse

import pytest

from launch import cli, plan

SEEDS = "def sweep(config):\n    return ({'seed': seed} for seed in range(3))\n\ndef sweep_rates(config):\n    yield {'optim.lr': 0.5}"


def verbs() -> dict[str, argparse.ArgumentParser]:
    return next(action for action in cli.parser()._actions if isinstance(action, argparse._SubParsersAction)).choices


def test_every_verb_explains_itself(capsys):
    for verb in verbs():
        with pytest.raises(SystemExit) as end:
            cli.main([verb, "--help"])
        assert end.value.code == 0 and verb in capsys.readouterr().out


def test_the_verbs_of_the_design_are_there():
    wanted = "list show run sweep status logs cancel retry compare figure report data sync"
    assert set(wanted.split()) <= set(verbs())


def test_list_names_every_config_and_its_claim(capsys):
    assert cli.main(["list", "infinite_compute"]) == 0
    out = capsys.readouterr().out
    assert "infinite_compute/fig3" in out and "One model, trained once" in out


def test_show_tells_the_resolved_config(capsys, paper):
    assert cli.main(["show", paper("a", SEEDS), "--config.optim.lr=0.25"]) == 0
    out = capsys.readouterr().out
    assert "A toy." in out and '"lr": 0.25' in out and "3 to run" in out


def test_dry_starts_nothing(capsys, paper, runs):
    assert cli.main(["sweep", paper("a", SEEDS), "--dry"]) == 0
    assert "3 to run" in capsys.readouterr().out and not runs.exists()


def test_run_leaves_the_sweep_out(paper, fake_worker, runs):
    assert cli.main(["run", paper("a", SEEDS)]) == 0
    assert len(fake_worker(runs)) == 1


def test_a_sweep_by_its_tag(paper, fake_worker, runs):
    name = paper("a", SEEDS)
    assert cli.main(["sweep", name, "--sweep=rates", "--yes"]) == 0
    assert fake_worker(runs) == plan.build(name, "cpu", [], "rates").targets


def test_a_limit_launches_the_first_cells(paper, fake_worker, runs):
    name = paper("a", SEEDS)
    assert cli.main(["sweep", name, "--limit=2", "--yes"]) == 0
    assert sorted(fake_worker(runs)) == sorted(plan.build(name, "cpu", []).targets[:2])


def test_a_pipe_that_closes_is_no_error(monkeypatch):
    def closed(*_):
        raise BrokenPipeError

    monkeypatch.setattr(cli, "dispatch", closed)
    assert cli.main(["list"]) == 0


@pytest.mark.parametrize("answer, code", [("y", 0), ("", 2)])
def test_more_than_one_run_is_asked_for(paper, fake_worker, monkeypatch, answer, code):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: answer)
    assert cli.main(["sweep", paper("a", SEEDS)]) == code
