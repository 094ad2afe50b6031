"""status, logs, cancel read and write run directories and need no launcher; none of the cheap verbs imports jax."""

import io
import time

import fabricated
import helpers
import pytest
from fabricated import DEMO
from rich.console import Console

from launch import status
from launch.cli import main
from shared.rundir import RunDir


def queued(count: int = 2):
    """The first runs of the demo, created and not started."""
    plan = fabricated.demo()
    runs = [plan.runs[target] for target in plan.targets[:count]]
    for run in runs:
        run.dir.create(run.record("", DEMO))
    return runs


def test_status_counts_states_per_sweep_and_shows_errors(capsys):
    plan = fabricated.demo()
    fabricated.sweep(plan, **{plan.targets[0]: "failed"})
    plan.runs[plan.targets[0]].dir.update(error="first line\nout of memory")
    assert main(["status", DEMO]) == 0
    said = capsys.readouterr().out
    assert "1 failed, 5 done" in said and "out of memory" in said and plan.targets[1] in said


def test_status_of_an_empty_world_says_how_to_begin(capsys):
    assert main(["status"]) == 0
    assert "python -m launch list" in capsys.readouterr().out


def test_a_sweep_is_watched_until_its_runs_have_ended(capsys, monkeypatch):
    waiting, working = queued()
    assert working.dir.claim()
    working.dir.update(state="running", step=5, steps=10, started=time.time() - 60)
    moments = iter([lambda: working.dir.update(state="done", step=10), lambda: waiting.dir.update(state="failed")])
    monkeypatch.setattr(status.time, "sleep", lambda seconds: next(moments)())
    assert main(["status", "--watch", DEMO.split("/")[0] + "/*/*"]) == 0
    first, second, *table = capsys.readouterr().out.splitlines()
    assert "1 queued" in first and "1 running" in first and "1 queued" in second and "1 done" in second
    assert "10/10" in "".join(table) and next(moments, None) is None


def test_watching_ends_with_ctrl_c(capsys, monkeypatch):
    def interrupt(seconds):
        raise KeyboardInterrupt

    queued()
    monkeypatch.setattr(status.time, "sleep", interrupt)
    assert main(["status", "--watch"]) == 0 and "queued" in capsys.readouterr().out


def test_a_live_table_says_what_is_left():
    (run,) = queued(1)
    run.dir.update(step=5, steps=20, started=time.time() - 60)
    assert run.dir.claim()
    run.dir.update(state="running")
    console = Console(width=160, record=True, file=io.StringIO())
    for part in status.look("").parts():
        console.print(part)
    assert "5/20" in console.export_text(clear=False) and "3:00" in console.export_text()


@pytest.mark.parametrize("seconds, said", [(0, "0 s ago"), (119, "119 s ago"), (120, "2 min ago"), (9_000, "2 h ago"), (1e6, "12 d ago")])
def test_ages_are_told_in_the_unit_that_fits(seconds, said):
    assert status.ago(seconds) == said


def test_every_status_file_is_read_once(monkeypatch):
    plan, reads = fabricated.sweep(fabricated.demo()), []
    monkeypatch.setattr(RunDir, "status", lambda run: reads.append(run.id) or {"state": "done"})
    assert status.look("").states and sorted(reads) == sorted(plan.runs)


def test_status_of_something_unknown_is_one_line(capsys):
    queued()
    assert main(["status", "nosuch"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_logs_print_what_the_worker_said(capsys):
    (run,) = queued(1)
    assert main(["logs", run.id]) == 2 and "queued" in capsys.readouterr().err
    (run.dir.path / "log.txt").write_text("step 1\nstep 2\n")
    assert main(["logs", run.id]) == 0 and capsys.readouterr().out == "step 1\nstep 2\n"
    assert main(["logs", run.id, "-f"]) == 0  # nobody computes it: following ends


def test_logs_of_several_runs_ask_for_one(capsys):
    queued()
    assert main(["logs", "*"]) == 2 and "name one" in capsys.readouterr().err


def test_cancel_marks_waiting_runs_and_asks_working_ones(capsys):
    waiting, working = queued()
    assert working.dir.claim()
    assert main(["cancel", "*"]) == 0 and "2 runs cancelled (1 of them at work" in capsys.readouterr().out
    assert waiting.dir.state() == "cancelled" and (working.dir.path / "cancel").exists()


def test_cancel_leaves_finished_runs_alone(capsys):
    plan = fabricated.sweep(fabricated.demo())
    assert main(["cancel", DEMO]) == 0
    assert {run.dir.state() for run in plan.runs.values()} == {"done"} and "0 runs cancelled" in capsys.readouterr().out


def test_cancel_changes_a_run_only_under_its_claim(monkeypatch, capsys):
    """A worker that claims it between the look and the mark is asked to stop instead."""
    (run,) = queued(1)
    monkeypatch.setattr(type(run.dir), "claim", lambda self: False)
    assert main(["cancel", run.id]) == 0
    assert run.dir.status()["state"] == "queued" and (run.dir.path / "cancel").exists()


@pytest.mark.parametrize(
    "verb",
    [["list"], ["show", DEMO, "--scale=smoke"], ["status"], ["compare", DEMO], ["data"], ["sweep", DEMO, "--scale=smoke"]],
    ids=lambda words: words[0],
)
def test_cheap_verbs_import_neither_jax_nor_pandas_nor_matplotlib(verb):
    fabricated.sweep(fabricated.demo())
    said = helpers.script(
        """
        import sys
        from launch.cli import main
        code = main(sys.argv[1:])
        print(code, [name for name in ("jax", "flax", "wandb", "pandas", "matplotlib") if name in sys.modules])
        """,
        *verb,
    )
    assert said.splitlines()[-1] == "0 []"


def test_a_finished_sweep_has_nothing_to_do(capsys):
    fabricated.sweep(fabricated.demo())
    assert main(["sweep", DEMO, "--scale=smoke"]) == 0
    assert "all 6 runs are done" in capsys.readouterr().out
