"""The engine `slurm`: what it refuses and writes, and what a real cluster (controller, nodes, queue) makes of it."""

import math
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench._counting import journal
from configs.meshes import MESHES
from launch import engines, plan
from launch.cli import main
from launch.configs import ROOT
from launch.engines import loopback
from shared.rundir import RunDir

engine = pytest.importorskip("launch.engines.slurm")
SEEDS = "def sweep(config):\n    return ({'optim.lr': 0.1 + seed, 'name': '%s a step'} for seed in range(%d))"
CHAIN = """
def sweep(config):
    return ({'optim.lr': 0.1 + index} for index in range(3))

def needs(config):
    return {'teacher': ('toy/teacher', {'optim.lr': config.optim.lr, 'name': '%s'})}
"""
SAVES = """
plain = get_config

def get_config(scale):
    config = plain(scale)
    config.save.every_minutes = 5.0
    return config
"""


@pytest.fixture(scope="module")
def daemons(tmp_path_factory):
    """A cluster of this machine, for the whole file."""
    why = loopback.missing()
    if why:
        pytest.skip(why)
    cluster = loopback.Cluster(tmp_path_factory.mktemp("slurm"))
    cluster.start(MaxArraySize="4")
    yield cluster
    cluster.stop()


@pytest.fixture
def slurm(daemons, toys, monkeypatch):
    monkeypatch.setenv("SLURM_CONF", str(daemons.config))
    monkeypatch.setattr(engine.Slurm, "pause", 0.5)
    engines.named.cache_clear()
    yield daemons
    daemons.ask("scancel", "--me")


def runs_of(name: str) -> list[RunDir]:
    return [run.dir for run in plan.build(name, "cpu", []).runs.values()]


def finished(runs: Path) -> list[str]:
    """The runs that a worker brought to their end, in that order."""
    return [run for run, _ in journal(runs / "toy" / "train", "end")]


def until(true, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.1)


def refused(capsys, *words: str) -> str:
    code, error = main(list(words)), capsys.readouterr().err
    assert code == 2 and error.startswith("error: ") and error.count("\n") == 1, error
    return error


# -- without a cluster -------------------------------------------------------------------------------------------------


def test_a_cluster_nobody_described(capsys, runs, paper):
    name = paper("a", SEEDS % ("0", 2))
    assert "did you mean 'loopback'" in refused(capsys, "sweep", name, "--yes", "--on", "loopbak")
    assert "--detach is for a cluster" in refused(capsys, "sweep", name, "--yes", "--detach")
    assert not runs.exists()


def test_a_machine_without_slurm(capsys, runs, paper, toys, monkeypatch):
    name = paper("a", SEEDS % ("0", 2))
    monkeypatch.setenv("PATH", "/nowhere")
    assert "sbatch is not installed here" in refused(capsys, "sweep", name, "--yes", "--on", "tried")
    assert not runs.exists()


def test_the_batch_script_asks_for_what_the_cluster_s_file_and_the_mesh_say(toys, tmp_path):
    toys(partition="big", account="lab", cores=12, memory=90, gpu="h100", grace=90, minutes=240, setup=("module load cuda",))
    asked = engines.on("tried", MESHES["h100x16"], 5)
    script = asked.script(tmp_path)
    for line in (
        "partition=big", "account=lab", "time=240", "signal=USR2@90", "nodes=2", "ntasks-per-node=1", "cpus-per-task=12", "mem=90GB",
        "gpus-per-node=h100:8", "array=0-4%5", "requeue", f"chdir={ROOT}",
    ):  # fmt: skip
        assert f"#SBATCH --{line}\n" in script, line
    assert "\nmodule load cuda\n" in script and "--kill-on-bad-exit=1" in script and "dependency" not in script
    later = asked.parameters(["7", "9_3"])
    assert later["dependency"] == "afterok:7:9_3" and later["additional_parameters"]["kill-on-invalid-dep"] == "yes"


def test_what_squeue_says_of_a_job(monkeypatch, toys):
    said = "12_0|RUNNING|None\n12_1|PENDING|Priority\n12_2|NODE_FAIL|NodeDown\n12_3|CANCELLED|None\n12_4|COMPLETED|None\n"
    monkeypatch.setattr(engine, "command", lambda *words: said)
    states = engines.on("tried", MESHES["cpu"], 0).states([f"12_{index}" for index in range(6)])
    assert [state.phase for state in states.values()] == ["working", "waiting", "failed", "cancelled", "ended", "ended"]
    assert states["12_1"].text == "job 12_1 PENDING (Priority)"


@pytest.mark.parametrize("limit, minutes", [("infinite", math.inf), ("1:00:00", 60), ("30:00", 30), ("2-12:00:30", 3600.5)])
def test_times_as_slurm_writes_them(limit, minutes):
    assert engine.minutes_of(limit) == minutes


def test_while_slurm_does_not_answer_no_job_is_taken_for_lost(monkeypatch, toys):
    monkeypatch.setenv("PATH", "/nowhere")
    states = engines.on("tried", MESHES["cpu"], 0).states(["12"])
    assert states["12"].open and "squeue" in states["12"].text


# -- with one ----------------------------------------------------------------------------------------------------------


def test_bad_clusters_are_refused_before_anything_starts(slurm, toys, paper, capsys, runs):
    launch = ["run", paper("a", SAVES), "--on", "tried"]
    toys(partition="shirt")
    assert "did you mean 'short'" in refused(capsys, *launch)
    toys(minutes=1_000)
    assert "partition short allows 60 minutes" in refused(capsys, *launch)
    toys(minutes=1, grace=30)
    assert "works for 0.5 minutes and a run saves every 5" in refused(capsys, *launch)
    assert not runs.exists()


def test_what_sbatch_refuses_is_one_line(slurm, toys, paper, capsys):
    toys(cores=64)
    assert "sbatch refuses: " in refused(capsys, "sweep", paper("a", SEEDS % ("0", 2)), "--yes", "--on", "tried")


def test_a_sweep_goes_in_arrays_and_what_needs_others_after_them(slurm, paper, runs, capsys):
    """MaxArraySize 4: three jobs an array. Each run needs its own teacher."""
    paper("teacher")
    name = paper("a", CHAIN % "0.05 a step")
    assert main(["sweep", name, "--yes", "--on", "tried"]) == 0
    built = plan.build(name, "cpu", [])
    order = finished(runs)
    assert sorted(order) == sorted(built.runs)
    assert all(order.index(need) < order.index(run.id) for run in built.runs.values() for needs in run.needs.values() for need in needs)
    ids = {run.id: engines.noted(run.dir)["id"] for run in built.runs.values()}
    teachers = [ids[run.id] for run in built.runs.values() if not run.needs]
    assert len({id.split("_")[0] for id in teachers}) == 1 and all("_" in id for id in teachers)
    assert main(["sweep", name, "--yes", "--on", "tried"]) == 0 and "nothing to do" in capsys.readouterr().out


def test_more_runs_than_an_array_may_have(slurm, paper, runs):
    name = paper("a", SEEDS % ("0", 7))
    assert main(["sweep", name, "--yes", "--on", "tried"]) == 0
    assert len(set(finished(runs))) == len(finished(runs)) == 7
    arrays = [engines.noted(run)["id"].split("_")[0] for run in runs_of(name)]
    assert sorted(arrays.count(one) for one in set(arrays)) == [1, 3, 3]


def test_what_needs_a_failed_run_does_not_start(slurm, paper, runs, capsys):
    paper("teacher")
    name = paper("a", CHAIN % "fail")
    assert main(["sweep", name, "--yes", "--on", "tried"]) == 1
    said = capsys.readouterr().out
    assert "3 failed" in said and "3 queued" in said and "blocked" in said and "which is failed" in said
    assert {run.status()["attempt"] for run in runs_of(name) if run.state() == "queued"} == {0}


def test_a_launcher_that_leaves_is_followed_by_another(slurm, paper, runs, capsys):
    name = paper("a", SEEDS % ("0.1", 3))
    assert main(["sweep", name, "--yes", "--on", "tried", "--detach"]) == 0
    assert "jobs go on without this launcher" in capsys.readouterr().out
    first = [engines.noted(run)["id"] for run in runs_of(name)]
    assert main(["sweep", name, "--yes", "--on", "tried"]) == 0
    assert [engines.noted(run)["id"] for run in runs_of(name)] == first and len(finished(runs)) == 3


def test_a_job_whose_time_is_up_saves_and_waits_in_the_queue_again(slurm, paper, runs):
    name = paper("a", SEEDS % ("0.2", 1))
    assert main(["sweep", name, "--yes", "--on", "tried", "--detach"]) == 0
    (run,) = runs_of(name)
    until(lambda: run.status().get("step", 0) > 1 or len(run.metrics()) > 1)
    id = engines.noted(run)["id"]
    slurm.ask("scancel", "--signal=USR2", id)  # what SLURM sends before the time limit
    until(lambda: run.state() == "preempted")
    assert main(["sweep", name, "--yes", "--on", "tried"]) == 0
    assert engines.noted(run)["id"] == id and run.status()["attempt"] == 2
    assert [row["step"] for row in run.metrics()] == list(range(1, 21))


def test_cancel_reaches_what_waits_and_what_works(slurm, toys, paper, runs, capsys):
    toys(parallel=1)
    name = paper("a", SEEDS % ("0.3", 3))
    assert main(["sweep", name, "--yes", "--on", "tried", "--detach"]) == 0
    every = runs_of(name)
    until(lambda: any(run.state() == "running" for run in every))
    capsys.readouterr()
    assert main(["status", name]) == 0
    said = capsys.readouterr().out
    assert "RUNNING" in said and "PENDING" in said
    assert main(["logs", next(run.id for run in every if run.state() == "running")]) == 0
    assert "submitit" in capsys.readouterr().out
    assert main(["cancel", name]) == 0 and "3 runs cancelled (1 of them at work" in capsys.readouterr().out
    until(lambda: [run.state() for run in every] == ["cancelled"] * 3)
    until(lambda: not slurm.ask("squeue", "--me", "-h", "-t", "PENDING,RUNNING"))
    assert not finished(runs)


def test_a_launcher_s_ctrl_c_leaves_the_jobs_alone(slurm, paper, runs):
    name = paper("a", SEEDS % ("0.2", 2))
    words = [sys.executable, "-m", "launch", "sweep", name, "--yes", "--on", "tried"]
    launcher = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    until(lambda: (runs / "toy").exists() and all(engines.noted(run) for run in runs_of(name)))
    launcher.send_signal(signal.SIGINT)
    said = launcher.communicate(timeout=30)[0]
    assert launcher.returncode == 1 and "jobs go on" in said
    until(lambda: all(run.state() == "done" for run in runs_of(name)))


# -- what takes the daemons their time ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_node_that_dies_costs_no_run(slurm, paper, runs, capsys):
    """Its daemon and all it had started are gone at once, the controller is told of it, and starts the job on another node."""
    name = paper("a", SEEDS % ("0.3", 1))
    assert main(["sweep", name, "--yes", "--on", "tried", "--detach"]) == 0
    (run,) = runs_of(name)
    until(lambda: len(run.metrics()) > 4)
    node = slurm.ask("squeue", "--me", "-h", "-o", "%N").strip()
    slurm.kill_node(node)
    try:
        until(lambda: run.state() == "preempted", 5)
        slurm.ask("scontrol", "update", f"nodename={node}", "state=down", "reason=dead")
        capsys.readouterr()
        assert main(["status", name]) == 0 and "1 preempted" in capsys.readouterr().out
        assert main(["sweep", name, "--yes", "--on", "tried"]) == 0
        assert run.status()["attempt"] == 2 and finished(runs) == [run.id]
        assert [row["step"] for row in run.metrics()] == list(range(1, 21))
    finally:
        slurm.start_node(node)


@pytest.mark.slow
def test_a_daemon_that_dies_alone_leaves_the_worker_its_run(slurm, paper, runs):
    """SLURM finds the node silent and starts the job again elsewhere, while its first worker lives: the second one waits for it."""
    name = paper("a", SEEDS % ("1", 1))
    assert main(["sweep", name, "--yes", "--on", "tried", "--detach"]) == 0
    (run,) = runs_of(name)
    until(lambda: run.state() == "running")
    node = slurm.ask("squeue", "--me", "-h", "-o", "%N").strip()
    slurm.kill_daemon(node)
    try:
        assert main(["sweep", name, "--yes", "--on", "tried"]) == 0
        assert run.status()["attempt"] == 1 and finished(runs) == [run.id]
    finally:
        slurm.start_node(node)


@pytest.mark.slow
def test_an_urgent_job_takes_the_place_and_the_first_one_goes_on_after_it(slurm, toys, paper, runs):
    """Every node is taken by the sweep; a job of partition `urgent` makes SLURM preempt and requeue."""
    toys(parallel=8)
    name = paper("a", SEEDS % ("0.7", 8))  # two cores on each of four nodes
    assert main(["sweep", name, "--yes", "--on", "tried", "--detach"]) == 0
    every = runs_of(name)
    until(lambda: all(run.state() == "running" for run in every))
    slurm.ask("srun", "-p", "urgent", "-N1", "-n1", "true")
    assert main(["sweep", name, "--yes", "--on", "tried"]) == 0
    assert sorted(finished(runs)) == sorted(run.id for run in every)
    assert {run.status()["attempt"] for run in every} == {1, 2}


@pytest.mark.slow
def test_a_run_longer_than_its_job_goes_on_in_the_same_job(slurm, toys, paper, runs):
    """The shortest limit that SLURM knows is a minute, and it looks at limits twice a minute: the signal comes in the first half."""
    toys(minutes=1, grace=50)
    name = paper("a", SEEDS % ("1.6", 1))
    assert main(["sweep", name, "--yes", "--on", "tried"]) == 0
    (run,) = runs_of(name)
    assert run.status()["attempt"] >= 2 and finished(runs) == [run.id]
    assert [row["step"] for row in run.metrics()] == list(range(1, 21))


@pytest.mark.slow
def test_the_processes_of_one_run_find_each_other_under_srun_and_stop_together(slurm, toys, paper, runs):
    """One process on each of two nodes: jax reads from SLURM who they are. The nodes' names are known to SLURM alone, hence the address."""
    toys(setup=("export JAX_COORDINATOR_ADDRESS=127.0.0.1:$((SLURM_JOB_ID % 4096 + 61000))",))
    name = paper("a", SEEDS % ("0.3", 1))
    launch = ["sweep", name, "--yes", "--on", "tried", "--config.mesh=cpu-2hosts"]
    assert main([*launch, "--detach"]) == 0
    (run,) = runs_of(name)
    until(lambda: len(run.metrics()) > 4)
    assert slurm.ask("squeue", "--me", "-h", "-o", "%D").strip() == "2"
    slurm.ask("scancel", "--signal=USR2", engines.noted(run)["id"])
    assert main(launch) == 0
    assert run.status()["attempt"] == 2 and finished(runs) == [run.id]
    assert [row["step"] for row in run.metrics()] == list(range(1, 21))
