"""Settings with folded seeds: means, intervals, n; the best row is marked with a command that repeats that very run."""

import csv
import shlex

import fabricated
import pytest
from fabricated import DEMO

from launch import plan as planning
from launch.cli import main
from launch.compare import repeat
from launch.fold import Comparison
from launch.measured import on_disk
from shared.rundir import RunDir, all_runs


def settings(metric: str = "") -> Comparison:
    return Comparison(list(map(on_disk, all_runs())), metric)


def test_seeds_are_folded_into_mean_interval_and_n():
    fabricated.sweep(fabricated.demo())
    found = settings()
    assert found.metric == "val/loss" and set(found.columns) == {"entry", "optim.weight_decay"}
    single = next(one for one in found.settings if one.fields["entry"] == "train" and one.fields["optim.weight_decay"] == 0.1)
    assert single.interval.n == 2 and single.interval.mean == pytest.approx(4.995)
    assert single.interval.low <= single.interval.mean <= single.interval.high
    assert [len(one.values) for one in found.settings] == [1, 1, 2, 2]  # best first: the ensembles


def test_the_best_row_is_marked_and_its_command_makes_that_run(capsys):
    fabricated.sweep(fabricated.demo())
    assert main(["compare", DEMO]) == 0
    said = capsys.readouterr().out
    assert said.count(" *") == 1 and "n" in said
    words = shlex.split(said.strip().splitlines()[-1].split(": ", 1)[1])
    assert words[:6] == ["python", "-m", "launch", "run", DEMO, "--scale=smoke"]
    made = planning.build(DEMO, "smoke", words[6:], single=True).targets[0]
    assert made == settings().best.runs[0].id
    assert len(words[6:]) <= 3  # entry, decay, members: nothing that follows from them


def test_every_run_can_be_repeated():
    plan = fabricated.sweep(fabricated.demo())
    for run_id, run in plan.runs.items():
        words = shlex.split(repeat(on_disk(run.dir)))
        assert planning.build(DEMO, "smoke", words[6:], single=True).targets == [run_id]


def test_a_run_whose_config_file_changed_has_no_command():
    run = next(iter(fabricated.sweep(fabricated.demo()).runs.values()))
    aside = RunDir(run.dir.path.with_name("0" * 12))
    aside.create(run.record("", DEMO) | {"identity": "0" * 12})
    assert "has changed since" in repeat(on_disk(aside))


def test_higher_accuracy_is_better():
    plan = fabricated.demo()
    for target, accuracy in zip(plan.targets, (0.1, 0.9, 0.2, 0.3, 0.4, 0.5), strict=True):
        fabricated.finish(plan.runs[target], **{"probe/accuracy": accuracy})
    assert [one.interval.mean for one in settings("probe/accuracy").settings] == pytest.approx([0.5, 0.5, 0.4, 0.25])


def test_failed_and_diverged_runs_stay_visible(capsys):
    plan = fabricated.demo()
    fabricated.sweep(plan, **{plan.targets[0]: "failed", plan.targets[2]: "diverged", plan.targets[3]: "diverged"})
    main(["compare", DEMO])
    said = capsys.readouterr().out
    assert "1 failed, 1 done" in said and "2 diverged" in said


def test_an_unknown_metric_names_the_nearest(capsys):
    fabricated.sweep(fabricated.demo())
    assert main(["compare", DEMO, "--metric=val/los"]) == 2
    assert "did you mean 'val/loss'" in capsys.readouterr().err


def test_two_runs_show_what_differs(capsys):
    plan = fabricated.sweep(fabricated.demo())
    assert main(["compare", *plan.targets[:2]]) == 0
    said = capsys.readouterr().out
    assert "what differs" in said and "data.seed" in said and "model.name" not in said


def test_nothing_finished_yet_is_no_error(capsys):
    plan = fabricated.demo()
    plan.runs[plan.targets[0]].dir.create(plan.runs[plan.targets[0]].record("", DEMO))
    assert main(["compare", plan.targets[0]]) == 0
    assert "1 queued" in capsys.readouterr().out


def test_csv_has_the_numbers_in_full(tmp_path, capsys):
    fabricated.sweep(fabricated.demo())
    assert main(["compare", DEMO, f"--csv={tmp_path / 'c.csv'}"]) == 0
    rows = list(csv.DictReader((tmp_path / "c.csv").read_text().splitlines()))
    assert len(rows) == 4 and float(rows[-1]["mean"]) == pytest.approx(4.995) and rows[-1]["n"] == "2"
    assert main(["compare", DEMO, f"--csv={tmp_path}"]) == 2
    assert "--csv" in capsys.readouterr().err


def test_an_unknown_sweep_is_one_line(capsys):
    assert main(["compare", "nosuch/*"]) == 2
    assert "launch status" in capsys.readouterr().err
