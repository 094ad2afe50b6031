"""The launcher's side: which runs start when, and that nothing is computed twice."""

import json
import os
import signal
import subprocess
import sys
import threading

import helpers
import pytest

from configs.meshes import MESHES
from launch import plan, preview, start, sweep
from launch.cli import main
from launch.configs import ROOT
from launch.engines.local import Local
from launch.pack import arrange
from shared.rundir import RunDir, write_atomic

SEEDS = "def sweep(config):\n    return ({'seed': seed} for seed in range(%d))"
# two runs that the third needs
CHAIN = """
def needs(config):
    return {'teachers': [('toy/teacher', {'seed': seed}) for seed in (1, 2)]}
"""


def carry(name: str, jobs: int = 2, fail_fast: bool = False, only: str = "", watch=lambda work: None) -> sweep.Sweep:
    built = plan.build(name, "cpu", [])
    sweep.create(built)
    work = sweep.Sweep(built, Local(MESHES["cpu"], jobs), fail_fast, watch)
    work.fine = work.carry(only)
    return work


def states(work: sweep.Sweep) -> list[str]:
    return [run.dir.state() for run in work.plan.runs.values()]


def test_a_sweep_runs_to_its_end_and_once(paper, fake_worker, runs):
    name = paper("a", SEEDS % 4)
    work = carry(name)
    assert work.fine and states(work) == ["done"] * 4
    assert carry(name).fine  # finds everything done
    assert sorted(fake_worker(runs)) == sorted(work.plan.runs)


def test_two_sweeps_compute_what_they_share_once(paper, fake_worker, runs):
    one, other = carry(paper("a", SEEDS % 3)), carry(paper("b", SEEDS % 5))
    assert set(one.plan.runs) < set(other.plan.runs)
    assert sorted(fake_worker(runs)) == sorted(other.plan.runs)


def test_two_launchers_at_the_same_moment_compute_each_run_once(paper, fake_worker, runs, monkeypatch):
    name, outcome = paper("a", SEEDS % 6), []
    plan.build(name, "cpu", [])  # imports the config file before the threads race for it
    monkeypatch.setattr(sweep.signal, "signal", lambda number, handler: signal.SIG_DFL)  # threads may not
    launchers = [threading.Thread(target=lambda: outcome.append(carry(name))) for _ in range(3)]
    for launcher in launchers:
        launcher.start()
    for launcher in launchers:
        launcher.join()
    assert [work.fine for work in outcome] == [True] * 3
    assert sorted(fake_worker(runs)) == sorted(outcome[0].plan.runs)
    assert [run.dir.status()["attempt"] for run in outcome[0].plan.runs.values()] == [1] * 6


def test_needs_are_computed_first(paper, fake_worker, runs):
    paper("teacher")
    work = carry(paper("a", CHAIN))
    assert work.fine and fake_worker(runs)[-1] == work.plan.targets[0]


@pytest.mark.parametrize("end, code", [("crash", 1), ("diverge", 1)])
def test_a_need_that_ends_badly_blocks_what_needs_it(paper, fake_worker, runs, capsys, end, code):
    paper("teacher", f"first = get_config\ndef get_config(scale):\n    c = first(scale)\n    c.name = '{end}'\n    return c")
    assert main(["run", paper("a", CHAIN), "--yes"]) == code
    out = capsys.readouterr().out
    assert "blocked" in out and "needs" in out
    target = plan.build("toy/a", "cpu", []).targets[0]
    assert target not in fake_worker(runs)


def test_a_failure_tells_its_error_and_leaves_the_others(paper, fake_worker, runs, capsys):
    name = paper("a", "def sweep(config):\n    return [{'name': 'crash'}, {'name': 'b'}, {'name': 'diverge'}]")
    assert main(["sweep", name, "--yes"]) == 1
    assert "RuntimeError: crashed as asked" in capsys.readouterr().out
    built = plan.build(name, "cpu", [])
    assert [run.dir.state() for run in built.runs.values()] == ["failed", "done", "diverged"]
    assert main(["retry", name, "--yes"]) == 1  # the failed one again, and only that
    assert sorted(fake_worker(runs)) == sorted([*built.runs, built.targets[0]])


@pytest.mark.parametrize("names, code, said", [
    (("bad", "b"), 2, "error: bad.h5 is damaged: write it again\n"),
    (("bad", "bad"), 2, "error: bad.h5 is damaged: write it again\n"),  # each line once
    (("bad", "bad2"), 2, "error: bad.h5 is damaged: write it again; bad2.h5 is damaged: write it again\n"),
    (("bad", "crash"), 1, ""),  # something else went wrong too
])  # fmt: skip
def test_bad_input_that_only_a_run_could_see_is_bad_input_of_the_command(paper, fake_worker, capsys, names, code, said):
    """One line, exit code 2, and the neighbours go on."""
    cells = [{"name": name, "seed": seed, "optim.lr": 1.0 + seed} for seed, name in enumerate(names)]
    name = paper("a", f"def sweep(config):\n    return {cells}")
    assert main(["sweep", name, "--yes"]) == code
    assert capsys.readouterr().err == said
    ends = {"bad": "failed", "bad2": "failed", "crash": "failed", "b": "done"}
    assert [run.dir.state() for run in plan.build(name, "cpu", []).runs.values()] == [ends[one] for one in names]


def test_a_worker_that_is_killed_has_failed(paper, fake_worker, runs):
    name = paper("a", "def sweep(config):\n    return [{'name': 'die'}, {'name': 'b', 'optim.lr': 0.5}]")
    work = carry(name)
    assert not work.fine and states(work) == ["failed", "done"]
    killed = work.plan.runs[work.plan.targets[0]].dir
    assert killed.status()["error"] == "the worker died (-9)" and not killed.claimed()


def test_fail_fast_stops_the_rest(paper, fake_worker, runs):
    name = paper("a", "def sweep(config):\n    return [{'name': 'crash'}, *({'name': f'n{i}'} for i in range(9))]")
    work = carry(name, jobs=1, fail_fast=True)
    assert not work.fine and len(fake_worker(runs)) < 9


def test_a_canary_goes_first_and_stops_the_rest_when_it_fails(paper, fake_worker, runs):
    name = paper("a", "def sweep(config):\n    return [{'name': 'crash'}, *({'name': f'n{i}'} for i in range(3))]")
    assert main(["sweep", name, "--yes", "--canary"]) == 1
    assert len(fake_worker(runs)) == 1


def test_retry_keeps_the_overrides_of_the_sweep(paper, fake_worker, runs, capsys):
    name = paper("a", SEEDS % 2)
    assert main(["sweep", name, "--yes", "--config.optim.lr=0.5"]) == 0
    assert main(["retry", name, "--yes"]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert len(fake_worker(runs)) == 2


def test_a_sweep_with_other_overrides_keeps_its_own_record(paper, fake_worker, runs, capsys):
    name = paper("a", SEEDS % 1 + "\n\ndef sweep_wide(config):\n    return ({'seed': s} for s in (7, 8))")
    for words in ([], ["--config.optim.lr=0.5"], ["--config.optim.lr=0.25"], ["--sweep=wide"]):
        assert main(["sweep", name, "--yes", *words]) == 0
    assert sorted(sweep.title(item) for item in sweep.recorded(name)) == [
        "toy/a", "toy/a --config.optim.lr=0.25", "toy/a --config.optim.lr=0.5", "toy/a --sweep=wide",
    ]  # fmt: skip
    capsys.readouterr()
    assert main(["retry", name, "--rerun=all", "--yes"]) == 0
    assert len(fake_worker(runs)) == 10 and len(sweep.recorded(name)) == 4


def test_a_run_that_ends_while_the_launcher_looks_is_not_repeated(paper, fake_worker, runs, monkeypatch):
    """By the worker of a launcher that was killed."""
    name = paper("a", SEEDS % 2)
    built = plan.build(name, "cpu", [])
    sweep.create(built)
    first = built.runs[built.targets[0]].dir
    monkeypatch.setattr(start, "check_data", lambda plan: first.update(state="done"))  # after the preview
    assert main(["sweep", name, "--yes"]) == 0
    assert first.id not in fake_worker(runs) and not (first.path.parent / ".replaced").exists()


def test_retry_of_one_run_leaves_its_sweep_alone(paper, fake_worker, runs):
    name = paper("a", SEEDS % 3)
    assert main(["sweep", name, "--yes"]) == 0
    first = plan.build(name, "cpu", []).targets[0]
    assert main(["retry", first, "--rerun=all", "--yes"]) == 0
    assert fake_worker(runs).count(first) == 2 and len(fake_worker(runs)) == 4
    assert len(list((runs / "toy" / "train" / ".replaced").iterdir())) == 1  # the old result is kept


def test_retry_computes_what_several_sweeps_ask_for_once(paper, fake_worker, runs):
    """The run that is named, and it alone: what it needs is as good as it was."""
    paper("teacher")
    for word in ("a", "b", "c"):
        assert main(["sweep", paper(word, f"{CHAIN}\ndef sweep(config):\n    return [{{'name': '{word}'}}]"), "--yes"]) == 0
    first, _, target = plan.build("toy/b", "cpu", []).runs
    known = sum(f"toy/train/{first}" in item["runs"] for item in sweep.recorded())
    before = fake_worker(runs)
    assert known == 3 and len(before) == len(set(before)) == 5
    assert main(["retry", first, "--rerun=all"]) == 0
    assert fake_worker(runs) == [*before, first]
    assert main(["retry", target, "--rerun=all", "--yes"]) == 0
    assert fake_worker(runs) == [*before, first, target]
    assert main(["retry", "toy/*", "--rerun=all", "--yes"]) == 0
    assert sorted(fake_worker(runs)[len(before) + 2 :]) == sorted(before)


def test_retry_passes_by_sweeps_that_no_longer_ask_for_the_run(paper, fake_worker, runs, capsys):
    for name in (paper("a", SEEDS % 2), paper("b", SEEDS % 3)):
        assert main(["sweep", name, "--yes"]) == 0
    first = plan.build("toy/a", "cpu", []).targets[0]
    asked = sweep.recorded("toy/b")[0]
    asked["arguments"] = ["--config.optim.lr=0.5"]  # as if its config file had changed since
    write_atomic(next(runs.glob("toy/sweeps/b-*.json")), json.dumps(asked))
    assert main(["retry", first, "--rerun=all"]) == 0 and fake_worker(runs).count(first) == 2
    next(runs.glob("toy/sweeps/a-*.json")).unlink()
    assert main(["retry", first, "--rerun=all"]) == 2 and "no longer asks for" in capsys.readouterr().err


def test_a_cancelled_run_waits_for_retry(paper, fake_worker, runs, capsys):
    name = paper("a", SEEDS % 2)
    built = plan.build(name, "cpu", [])
    sweep.create(built)
    assert main(["cancel", built.targets[0]]) == 0
    assert main(["sweep", name, "--yes"]) == 1
    out = capsys.readouterr().out
    assert "1 cancelled, 1 to run" in out and f"retry {name}` takes up what was cancelled" in out and "the same command" not in out
    assert fake_worker(runs) == [built.targets[1]]
    assert main(["sweep", name, "--yes"]) == 1
    assert f"nothing to do: 1 runs were cancelled or need one that was; `python -m launch retry {name}`" in capsys.readouterr().out
    assert main(["retry", name, "--yes"]) == 0
    assert sorted(fake_worker(runs)) == sorted(built.targets)


def test_what_needs_a_cancelled_run_waits_with_it(paper, fake_worker, runs, capsys):
    paper("teacher")
    name = paper("a", CHAIN)
    built = plan.build(name, "cpu", [])
    sweep.create(built)
    assert main(["cancel", next(iter(built.runs))]) == 0
    assert main(["sweep", name, "--yes"]) == 1
    assert "1 cancelled, 1 to run" in capsys.readouterr().out and len(fake_worker(runs)) == 1
    assert main(["retry", built.targets[0], "--yes"]) == 0
    assert len(fake_worker(runs)) == 3


def test_a_cancelled_member_goes_on_without_its_pack(paper, runs):
    """The pack saved at steps that it does not have: together they would find no common one and begin again."""
    built = plan.build(paper("a", SEEDS % 5), "cpu", [])
    sweep.create(built)
    members = list(built.runs.values())
    for run, state, step in zip(members, ("preempted", "preempted", "cancelled", "cancelled", "cancelled"), (9, 9, 4, 4, 6), strict=True):
        run.dir.update(state=state, job="pack", step=step)
    sweep.revive(built)
    assert [run.dir.state() for run in members] == ["preempted"] * 2 + ["queued"] * 3
    assert [len(pack.runs) for pack in arrange(members, 1, MESHES["cpu"])] == [2, 2, 1]


def test_a_retry_that_is_only_shown_or_refused_changes_nothing(paper, fake_worker, runs, monkeypatch):
    name = paper("a", SEEDS % 2)
    assert main(["sweep", name, "--yes", "--limit=1"]) == 0
    built = plan.build(name, "cpu", [])
    sweep.create(built)
    run = built.runs[built.targets[1]].dir
    assert main(["cancel", run.id]) == 0
    assert main(["retry", name, "--dry"]) == 0 and run.state() == "cancelled"
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: "n")
    assert main(["retry", name]) == 2 and run.state() == "cancelled"


def test_a_request_to_cancel_that_nobody_saw_is_not_for_the_next_launch(paper, fake_worker, runs):
    name = paper("a")
    built = plan.build(name, "cpu", [])
    sweep.create(built)
    request = built.runs[built.targets[0]].dir.path / "cancel"
    request.touch()  # its worker was killed before it looked
    sweep.create(built)
    assert not request.exists()


def test_the_claim_of_a_dead_process_is_taken_over_and_a_living_one_respected(paper, fake_worker, runs):
    name = paper("a", SEEDS % 2)
    built = plan.build(name, "cpu", [])
    sweep.create(built)
    dead, living = (built.runs[target].dir for target in built.targets)
    hold = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from shared.rundir import RunDir; from pathlib import Path; import time\n"
    hold += "assert RunDir(Path(sys.argv[1])).claim(); print('mine', flush=True); time.sleep(60)"
    holders = [subprocess.Popen([sys.executable, "-c", hold, str(run.path)], stdout=subprocess.PIPE) for run in (dead, living)]
    for holder, run in zip(holders, (dead, living), strict=True):
        assert holder.stdout.readline() == b"mine\n"
        run.update(state="running")
    holders[0].kill()
    holders[0].wait()
    assert (dead.state(), living.state()) == ("preempted", "running")

    def watch(work):
        if dead.state() == "done" and living.state() == "running" and holders[1].poll() is None:
            assert living.id not in fake_worker(runs)
            living.update(state="done")  # what its holder would say
            holders[1].kill()
            holders[1].wait()

    assert carry(name, watch=watch).fine
    assert fake_worker(runs) == [dead.id]


def test_a_worker_that_dies_does_not_fail_what_another_has(paper, fake_worker, runs):
    """Run 1 is computed elsewhere when the worker of run 0 dies."""
    built = plan.build(paper("a", "def sweep(config):\n    return ({'seed': s, 'name': 'crash'} for s in (0, 1))"), "cpu", [])
    sweep.create(built)
    mine, other = (built.runs[target] for target in built.targets)
    other.dir.claim()  # by this very process, which is alive
    other.dir.update(state="running")

    def watch(work):
        if mine.dir.state() == "failed":
            assert other.dir.status()["state"] != "failed"
            other.dir.update(state="done")

    sweep.Sweep(built, Local(MESHES["cpu"], 1), False, watch).carry()
    assert other.dir.state() == "done"


def test_ctrl_c_stops_the_workers_and_leaves(paper, fake_worker, runs):
    name = paper("a", SEEDS % 40)
    work = carry(name, jobs=1, watch=lambda work: os.kill(os.getpid(), signal.SIGINT) if work.jobs else None)
    assert not work.fine and not work.jobs


@pytest.mark.parametrize("file, stale", [
    ("projects/toy/train.py", True), ("projects/toy/deep/model.py", True), ("shared/nn/mlp.py", True),
    ("projects/toy/figures/one.py", False), ("projects/toy/effects.py", False), ("projects/toy/README.md", False),
    ("projects/other/train.py", False), ("shared/stats.py", False), ("shared/figures/style.py", False), ("launch/cli.py", False),
])  # fmt: skip
def test_a_run_is_stale_when_the_code_that_computes_it_changed(tmp_path, monkeypatch, file, stale):
    """Committed or not."""
    def git(*words: str) -> str:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()

    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text("old")
    git("init"), git("add", "."), git("commit", "-m", "old")
    monkeypatch.setattr(preview, "ROOT", tmp_path)
    commit = git("rev-parse", "HEAD")
    assert not preview.changed_since(commit, "toy")
    (tmp_path / file).write_text("new")
    for then in (["commit", "-am", "new"], ["status"]):
        preview.changed_since.cache_clear()
        assert preview.changed_since(commit, "toy") is stale
        git(*then)


@pytest.mark.slow
def test_two_launcher_processes_share_real_runs(runs):
    """The demonstration's sweep twice at the same moment: every run computed once, its ensembles too."""
    words = [sys.executable, "-m", "launch", "sweep", "infinite_compute/demo", "--scale=smoke", "--yes", *helpers.flags()]
    launchers = [subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(2)]
    outputs = [launcher.communicate(timeout=300)[0] for launcher in launchers]
    assert [launcher.returncode for launcher in launchers] == [0, 0], outputs
    found = [RunDir(path.parent) for path in runs.glob("*/*/*/status.json")]
    assert [(run.state(), run.status()["attempt"]) for run in found] == [("done", 1)] * 6
    for run in found:
        steps = [row["step"] for row in run.metrics()]
        assert steps == sorted(set(steps))
    again = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert again.returncode == 0 and "nothing to do" in again.stdout
    (record,) = (json.loads(path.read_text()) for path in (runs / "infinite_compute" / "sweeps").iterdir())
    assert len(record["runs"]) == 6
