"""Figures come from finished runs, else from committed results; what is missing is said and never invented."""

import json
import shutil
from pathlib import Path

import fabricated
import helpers
import numpy as np
import pytest
from fabricated import DEMO

from launch import beside, cells, configs, results, start
from launch.cli import main

CONFIG = [DEMO, "--scale=smoke"]


@pytest.fixture(autouse=True)
def committed(tmp_path, monkeypatch):
    """Where committed results are looked for: nothing there yet."""
    monkeypatch.setattr(results, "ROOT", tmp_path)
    return tmp_path / "projects/infinite_compute/results/smoke/demo.csv"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def figure(out: Path, *words: str) -> int:
    return main(["figure", *CONFIG, f"--out={out}", *words])


def test_draws_from_finished_runs(out, capsys):
    fabricated.sweep(fabricated.demo())
    assert figure(out) == 0
    for suffix in ("png", "svg", "csv", "md"):
        assert (out / f"infinite_compute/demo.{suffix}").stat().st_size > 100
    assert "6 cells, 6 from runs, 0 from committed results, 0 missing" in capsys.readouterr().out


def test_the_same_numbers_give_the_same_files(out):
    fabricated.sweep(fabricated.demo())
    figure(out / "a"), figure(out / "b")
    for suffix in ("svg", "csv", "md"):
        first, second = (out / one / f"infinite_compute/demo.{suffix}" for one in "ab")
        assert first.read_bytes() == second.read_bytes()


def test_draws_from_committed_results_without_any_run(out, runs, committed, capsys):
    fabricated.sweep(fabricated.demo())
    assert figure(out / "runs", "--record") == 0
    shutil.rmtree(runs)
    assert figure(out / "committed") == 0
    assert "6 cells, 0 from runs, 6 from committed results, 0 missing" in capsys.readouterr().out
    first, second = ((out / one / "infinite_compute/demo.md").read_text() for one in ("runs", "committed"))
    assert first == second


def test_committed_tables_are_small_and_lose_nothing(out, runs, committed):
    plan = fabricated.sweep(fabricated.demo())
    figure(out, "--record")
    head = committed.read_text().splitlines()[0].split(",")
    assert head[:3] == ["run_id", "state", "step"] and not [name for name in head if name.startswith(("perf/", "model."))]
    before = cells.collect(plan).table()
    shutil.rmtree(runs)
    after = cells.collect(plan).table()
    assert list(after["model.name"]) == list(before["model.name"]) and list(after["run_id"]) == list(before["run_id"])
    assert after["val/loss"].to_numpy() == pytest.approx(before["val/loss"].to_numpy(), rel=1e-6)


def leave_arrays(plan) -> None:
    """Two runs leave a picture each, as an entry point does."""
    for number, target in enumerate(plan.targets[:2]):
        folder = plan.runs[target].dir.path / "tables"
        folder.mkdir()
        np.savez_compressed(folder / results.ARRAYS, picture=np.full((2, 3), number, np.uint8), curve=np.arange(4.0))


def test_arrays_come_beside_the_numbers_from_runs_and_from_committed_results(out, runs, committed):
    plan = fabricated.sweep(fabricated.demo())
    assert "arrays" not in cells.collect(plan).table()
    leave_arrays(plan)
    before = cells.collect(plan).table()
    figure(out, "--record")
    shutil.rmtree(runs)
    after = cells.collect(plan).table()
    for table in (before, after):
        one, other = (table[table["run_id"] == target]["arrays"].iloc[0] for target in plan.targets[:2])
        np.testing.assert_array_equal(one["picture"], np.zeros((2, 3), np.uint8))
        assert one["picture"].dtype == np.uint8 and set(other) == {"picture", "curve"}
        assert table[table["run_id"] == plan.targets[2]]["arrays"].isna().all()
    assert "arrays" not in committed.read_text().splitlines()[0]


def test_of_the_arrays_a_config_file_keeps_what_its_figure_reads(monkeypatch):
    plan = fabricated.sweep(fabricated.demo())
    leave_arrays(plan)
    monkeypatch.setattr(configs.load(DEMO), "ARRAYS", ("curve",), raising=False)
    assert [set(found) for found in cells.collect(plan).arrays.values()] == [{"curve"}, {"curve"}]


def test_damaged_arrays_are_one_line_with_the_remedy(out, committed, capsys):
    plan = fabricated.sweep(fabricated.demo())
    leave_arrays(plan)
    figure(out, "--record")
    committed.with_suffix(".npz").write_bytes(b"PK nonsense")
    assert figure(out) == 2
    assert "demo.npz is damaged" in capsys.readouterr().err


def test_nothing_at_all_draws_nothing_and_names_the_command(out, capsys):
    assert figure(out) == 1
    said = capsys.readouterr().out
    assert "6 missing" in said and "not launched" in said and f"figure {DEMO} --scale=smoke --run-missing" in said
    assert not out.exists()


def test_missing_cells_are_listed_and_not_invented(out, capsys):
    plan = fabricated.demo()
    *known, lost = plan.targets
    for run_id in known:
        fabricated.finish(plan.runs[run_id])
    assert figure(out) == 0
    said = capsys.readouterr().out
    assert "1 missing" in said and lost in said and not [run_id for run_id in known if run_id in said]
    found = cells.collect(plan)
    assert found.missing == [lost] and {row["run_id"] for row in found.rows} == set(known)


def test_failed_runs_are_missing_and_diverged_ones_are_rows_without_numbers():
    plan = fabricated.demo()
    first, second = plan.targets[:2]
    fabricated.sweep(plan, **{first: "failed", second: "diverged"})
    found = cells.collect(plan)
    assert found.missing == [first]
    assert [row for row in found.rows if row["run_id"] == second] == [{"run_id": second, "state": "diverged", "step": 64}]


def test_rows_are_the_evaluations_with_the_final_numbers_on_the_last():
    plan = fabricated.sweep(fabricated.demo())
    run = plan.runs[plan.targets[0]]
    first, last = cells.of_run(run.dir, evaluations=True)
    assert (first["step"], last["step"]) == (1, 64) and "test/loss" not in first
    assert (last["test/loss"], last["train/loss"]) == (run.dir.status()["final"]["test/loss"], run.dir.status()["final"]["train/loss"])
    assert cells.of_run(run.dir, evaluations=False) == [last]


def test_committed_rows_that_the_config_no_longer_asks_for_are_ignored_and_said(out, runs, committed, capsys):
    fabricated.sweep(fabricated.demo())
    figure(out, "--record")
    shutil.rmtree(runs)
    with open(committed, "a") as file:
        file.write(committed.read_text().splitlines()[-1].replace(fabricated.demo().targets[-1], "aaaabbbbcccc") + "\n")
    assert figure(out) == 0
    said = capsys.readouterr().out
    assert "1 committed runs no longer belong to the config and are ignored" in said and "6 from committed" in said


@pytest.mark.parametrize("text", ["nonsense\n1,2\n", "run_id,state,step,val/loss\nabc,done,1,five\n", "run_id,state,step\nabc\n"])
def test_a_damaged_table_is_one_line_with_the_remedy(out, committed, capsys, text):
    committed.parent.mkdir(parents=True)
    committed.write_text(text)
    assert figure(out) == 2
    error = capsys.readouterr().err
    assert "git checkout" in error and error.count("\n") == 1


def test_recording_tells_where_numbers_come_from_but_names_no_machine(out, runs, committed):
    plan = fabricated.sweep(fabricated.demo())
    figure(out, "--record")
    text = committed.with_suffix(".json").read_text()
    record = json.loads(text)
    assert "secret-host" not in text and "site9" not in text
    assert (record["runs"], record["cells"], record["missing"], record["seconds"]) == (6, 6, 0, 30.0)  # packed in twos, 10 s each
    assert record["flops"] == sum(run.flops for run in plan.runs.values())
    group = record["made"][0]
    assert group["commit"] == "0123456789abcdef" and not group["modified"] and set(group["runs"]) == set(plan.runs)


def test_recording_again_keeps_the_origin_of_rows_that_are_only_committed(out, runs, committed):
    plan = fabricated.sweep(fabricated.demo())
    figure(out, "--record")
    shutil.rmtree(runs)
    again = plan.runs[plan.targets[0]]
    fabricated.finish(again)
    (again.dir.path / "env.json").write_text(json.dumps(fabricated.ENVIRONMENT | {"commit": "feed", "changed": [" M shared/fit.py"]}))
    figure(out, "--record")
    made = json.loads(committed.with_suffix(".json").read_text())["made"]
    origins = [(group["commit"], group["modified"], len(group["runs"])) for group in made]
    assert origins == [("feed", True, 1), ("0123456789abcdef", False, 5)]
    assert len({line.split(",")[0] for line in committed.read_text().splitlines()[1:]}) == 6


@pytest.mark.parametrize("line, modified", [
    (" M README.md", False), ("?? tests/test_new.py", False), (" M bench/host.py", False), (" M projects/another/train.py", False),
    (" M shared/fit.py", True), (" M projects/infinite_compute/train.py", True), ("?? configs/infinite_compute/own.py", True),
    (" M requirements.txt", True), ("R  README.md -> shared/new.py", True), ("?? .venv", False),
])  # fmt: skip
def test_modified_is_what_can_change_a_number(out, runs, committed, line, modified):
    plan = fabricated.sweep(fabricated.demo())
    for run in plan.runs.values():
        (run.dir.path / "env.json").write_text(json.dumps(fabricated.ENVIRONMENT | {"changed": [line]}))
    figure(out, "--record")
    made = json.loads(committed.with_suffix(".json").read_text())["made"]
    assert [group["modified"] for group in made] == [modified]


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["--record", "--config.data.tokens=4096"], "leave out the overrides"),
        (["--config.sede=1"], "did you mean 'seed'"),
        (["--scale=huge"], "smoke, cpu, gpu, paper"),
    ],
)
def test_bad_requests_are_one_line(out, capsys, words, remedy):
    assert figure(out, *words) == 2
    error = capsys.readouterr().err
    assert remedy in error and error.count("\n") == 1 and not out.exists()


def test_a_config_that_is_no_figure_names_the_figures(capsys):
    assert main(["figure", "infinite_compute/train"]) == 2
    error = capsys.readouterr().err
    assert error.index(" fig2,") < error.index(" fig10,") < error.index(" table1,")


def test_an_output_folder_that_cannot_be_written(tmp_path, capsys):
    fabricated.sweep(fabricated.demo())
    (tmp_path / "file").write_text("")
    assert figure(tmp_path / "file") == 2
    assert "--out" in capsys.readouterr().err


def test_run_missing_launches_the_missing_cells_and_what_they_need(out, monkeypatch):
    plan = fabricated.demo()
    done, missing = plan.targets[:5], plan.targets[5]  # the ensemble of the second decay; its members are there
    for run_id in done:
        fabricated.finish(plan.runs[run_id])
    carried = []

    class Carrier:
        blocked: dict[str, str] = {}

        def __init__(self, part, engine, *_):
            self.part, self.engine = part, engine

        def carry(self, **_):
            carried.extend(run_id for run_id, run in self.part.runs.items() if run.dir.state() != "done")
            for run_id in carried:
                fabricated.finish(self.part.runs[run_id])
            return True

    monkeypatch.setattr(start, "Sweep", Carrier)
    assert figure(out, "--run-missing", "--yes") == 0
    assert carried == [missing] and (out / "infinite_compute/demo.md").exists()
    (recorded,) = start.recorded(DEMO)
    assert recorded["targets"] == plan.targets  # what was launched in part is still the whole sweep


def test_the_papers_numbers_stand_in_their_own_column_only():
    plan = fabricated.demo()
    nan = float("nan")
    known = {"setting": "a", "quantity": "loss", "ours": 4.0, "low": 3.9, "high": 4.1, "n": 3, "published": "fig2.best_300M", "note": "x"}
    unknown = {"setting": "b", "quantity": "loss", "ours": nan, "low": nan, "high": nan, "n": 0, "published": "", "note": ""}
    rows = [known, unknown]
    text = beside.markdown(beside.beside(rows, plan))
    assert fabricated.cells(text, 1) == ["3.785 nats/token", ""]
    assert fabricated.cells(text, 2)[0].startswith("C: ") and fabricated.cells(text, 2)[1] == ""
    assert fabricated.cells(text, 3) == ["4.000 [3.900, 4.100] n=3", "-"]
    assert fabricated.cells(text, 4) == ["1.06", ""]
    assert all("of the paper's FLOPs" in note for note in fabricated.cells(text, 5))
    assert "C: from the authors' code" in text


def test_drawing_committed_results_needs_no_jax(tmp_path, out, runs):
    fabricated.sweep(fabricated.demo())
    figure(out, "--record")
    shutil.rmtree(runs)
    said = helpers.script(
        """
        import sys
        from pathlib import Path
        from launch import results
        from launch.cli import main
        results.ROOT = Path(sys.argv[1])
        code = main(["figure", "infinite_compute/demo", "--scale=smoke", "--out", sys.argv[1]])
        print(code, "jax" in sys.modules, "wandb" in sys.modules)
        """,
        str(tmp_path),
    )
    assert said.splitlines()[-1] == "0 False False"
