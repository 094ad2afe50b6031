"""The engine that rents machines through SkyPilot: what it is told, and what the launcher makes of its answers. No cloud is reached: a
script stands in for `sky`, and SkyPilot's own parser reads the tasks where its environment is there (sh launch/sky.sh)."""

import importlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import helpers
import pytest
import yaml

from configs import clusters
from configs.meshes import MESHES
from launch import engines
from launch.cli import main
from launch.configs import ROOT
from launch.engines import Job, sky
from launch.engines.task import RUNS, task
from launch.pack import arrange
from launch.plan import build
from shared.errors import BadInput
from shared.rundir import RunDir

FILES = {name: importlib.import_module(f"configs.clusters.{name}").CLUSTER for name in engines.names() if name.startswith("sky_")}
PAIRS = [(name, mesh) for name, settings in FILES.items() for mesh in settings.machines]
BUCKET = "gs://some-runs"
OWN = ROOT / ".venv-sky" / "bin" / "python"

# Runs the worker of a launched task at once, and answers as SkyPilot does.
FAKE = """#!{python}
import json, os, subprocess, sys, yaml
state = {state!r}
words = sys.argv[1:]
known = json.load(open(state)) if os.path.exists(state) else {{"words": [], "jobs": {{}}}}
known["words"].append(words)
if words[:2] == ["jobs", "launch"]:
    task = yaml.safe_load(open(words[-1]))
    environment = os.environ | task["envs"] | {{"PAPERCLUB_RUNS": os.environ["PAPERCLUB_RUNS"]}}
    file = task["envs"]["PAPERCLUB_FILE"].replace({mount!r}, os.environ["PAPERCLUB_RUNS"])
    done = subprocess.run([sys.executable, {worker!r}, file], env=environment, capture_output=True, text=True)
    known["jobs"][task["name"]] = ["FAILED" if done.returncode else "SUCCEEDED", done.stdout + done.stderr]
elif words[:2] == ["jobs", "queue"]:
    print("Failed to connect to SkyPilot API server. Starting a local server.")
    print(json.dumps([{{"job_name": name, "status": status}} for name, (status, _) in known["jobs"].items()], indent=2))
elif words[:2] == ["jobs", "logs"]:
    print(known["jobs"][words[-1]][1], end="")
elif words[:2] == ["jobs", "cancel"]:
    known["jobs"][words[-1]][0] = "CANCELLED"
json.dump(known, open(state, "w"))
"""


@pytest.fixture
def command(tmp_path, monkeypatch, fake_worker):
    """A `sky` that computes here; the words that it was called with, so far."""
    state, place = tmp_path / "sky.json", tmp_path / "bin" / "sky"
    place.parent.mkdir()
    place.write_text(FAKE.format(python=sys.executable, state=str(state), mount=RUNS, worker=str(tmp_path / "fake.py")))
    place.chmod(0o755)
    monkeypatch.setattr(sky, "command", lambda: str(place))
    monkeypatch.setattr(sky, "mounted", lambda path: True)
    return lambda: json.loads(state.read_text())["words"] if state.exists() else []


@pytest.fixture
def cluster(monkeypatch):
    """configs/clusters/sky_gpu.py with a bucket, and a machine for the mesh `cpu`."""
    module = importlib.import_module("configs.clusters.sky_gpu")
    made = replace(module.CLUSTER, bucket=BUCKET, machines={"cpu": "H100:1"})
    monkeypatch.setattr(module, "CLUSTER", made)
    monkeypatch.setattr(sky.Sky, "pause", 0.3)
    return made


def engine(name: str, mesh: str, jobs: int = 0) -> sky.Sky:
    return sky.Sky(name, replace(FILES[name], bucket=BUCKET), MESHES[mesh], jobs)


def told(name: str, mesh: str) -> dict:
    """The task of a pack of two."""
    runs = list(helpers.members(seed=[0, 1]).runs.values())
    one = engine(name, mesh)
    return task("paperclub-1126-1", one.settings, one.mesh, one.machine, "infinite_compute/jobs/1126-1.json", runs, ROOT)


# -- what SkyPilot is told --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name, mesh", PAIRS)
def test_a_task_asks_for_the_machines_of_its_mesh(name, mesh):
    found = told(name, mesh)
    accelerators = found["resources"]["accelerators"]
    if accelerators.startswith("tpu-"):
        family, count = accelerators.removeprefix("tpu-").split("-")
        chips = int(count) // (2 if family == "v5p" else 1)  # v5p slices are named by cores
        assert (chips, found["num_nodes"]) == (MESHES[mesh].devices, 1)
    else:
        kind, count = accelerators.split(":")
        assert int(count) * found["num_nodes"] == MESHES[mesh].devices and found["num_nodes"] == MESHES[mesh].hosts
        assert kind == MESHES[mesh].device.name
    assert ("SKYPILOT_NODE_IPS" in found["run"]) == (MESHES[mesh].hosts > 1)


def test_runs_lie_in_the_bucket_and_data_come_along():
    found = told("sky_tpu", "v5p-8")
    assert found["file_mounts"][RUNS] == {"source": BUCKET, "mode": "MOUNT_CACHED"}
    assert [Path(local).is_absolute() for place, local in found["file_mounts"].items() if place != RUNS] == [True]
    assert found["envs"]["PAPERCLUB_FILE"] == f"{RUNS}/infinite_compute/jobs/1126-1.json"


def test_no_script_holds_a_name():
    """Names are variables, in quotes: whatever they hold, the scripts are the same, and valid."""
    runs = list(helpers.members(seed=[0]).runs.values())
    settings = replace(FILES["sky_tpu"], bucket="gs://$(touch oops)", extras="tpu]; touch oops")
    odd = task("a;b", settings, MESHES["v5p-128"], "tpu-v5p-128", "$(touch oops)/'x'.json", runs, ROOT)
    plain = told("sky_tpu", "v5p-128")
    assert (odd["run"], odd["setup"]) == (plain["run"], plain["setup"])
    for script in (odd["run"], odd["setup"]):
        assert subprocess.run(["bash", "-n"], input=script, text=True).returncode == 0


def test_a_task_reads_as_what_was_meant():
    found = told("sky_gpu", "h100x16")
    written = sky.text(found)
    assert yaml.safe_load(written) == found and "run: |" in written


PARSER = """
import json, sys
import sky
for config in json.load(sys.stdin):
    task = sky.Task.from_yaml_config(config)
    resources = list(task.resources)[0]
    print(json.dumps([task.name, task.num_nodes, {name: count for name, count in resources.accelerators.items()}, resources.use_spot]))
"""


@pytest.mark.skipif(not OWN.exists(), reason="no environment of SkyPilot: sh launch/sky.sh builds .venv-sky")
def test_skypilots_own_parser_takes_every_task(tmp_path):
    tasks = [yaml.safe_load(sky.text(told(name, mesh) | {"workdir": str(tmp_path)})) for name, mesh in PAIRS]
    for one in tasks:  # data sets that are prepared on no machine of a test
        one["file_mounts"] = {place: source for place, source in one["file_mounts"].items() if place == RUNS}
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SKYPILOT_DISABLE_USAGE_COLLECTION": "1"}
    done = subprocess.run([OWN, "-c", PARSER], input=json.dumps(tasks), capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    parsed = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert [(name, nodes) for name, nodes, _, _ in parsed] == [(one["name"], one["num_nodes"]) for one in tasks]
    assert [spot for *_, spot in parsed] == [one["resources"]["use_spot"] for one in tasks]


# -- from beginning to end --------------------------------------------------------------------------------------------------------------
def test_a_sweep_is_carried_by_its_jobs(runs, paper, command, cluster, fake_worker, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "hush")
    name = paper("rented", "def sweep(config):\n    return ({'seed': seed} for seed in range(3))\n")
    assert main(["sweep", name, "--scale=smoke", "--on", "sky_gpu", "--yes"]) == 0
    assert len(fake_worker(runs)) == 3
    (launch,) = [words for words in command() if words[1] == "launch"]
    assert launch[2:5] == ["--yes", "--detach-run", "--name"] and launch[-3:-1] == ["--secret", "WANDB_API_KEY"]
    for file in runs.rglob("*"):
        assert not file.is_file() or "hush" not in file.read_text()
    job = json.loads(next((runs / "toy" / "jobs").glob("*.json")).read_text())
    assert sorted(job["runs"]) == sorted(f"toy/train/{run.name}" for run in (runs / "toy" / "train").iterdir() if run.is_dir())


def test_a_job_that_fails_says_what_it_printed(runs, paper, command, cluster, capsys):
    name = paper("broken")
    assert main(["run", name, "--scale=smoke", "--on", "sky_gpu", "--config.name=crash"]) == 1
    assert "crashed as asked" in capsys.readouterr().out
    (run,) = (path for path in (runs / "toy" / "train").iterdir() if path.is_dir())
    assert main(["logs", run.name]) == 0
    assert "crashed as asked" in capsys.readouterr().out


def test_no_more_jobs_are_open_than_asked_for(runs, command, cluster):
    plan = helpers.members(seed=[0, 1, 2])
    one = sky.Sky("sky_gpu", cluster, MESHES["cpu"], 2)
    jobs = [Job(f"j{index}", pack, {"runs": [], "needs": {}}, runs / "jobs") for index, pack in enumerate(packs(plan))]
    (runs / "jobs").mkdir(parents=True)
    assert one.room() == 2
    for job in jobs[:2]:
        job.spec |= {"runs": [str(runs / "gone")]}
        one.submit([job], [])
    assert one.room() == 0
    one.states([job.id for job in jobs[:2]])
    assert one.room() == 2  # both have ended


def packs(plan) -> list:
    return arrange(list(plan.runs.values()), 3, replace(MESHES["cpu"], widest=1))


@pytest.mark.parametrize(
    "status, phase",
    [
        ("PENDING", "waiting"), ("STARTING", "waiting"), ("RUNNING", "working"), ("RECOVERING", "working"), ("SUCCEEDED", "ended"),
        ("FAILED", "failed"), ("FAILED_SETUP", "failed"), ("FAILED_NO_RESOURCE", "failed"), ("FAILED_CONTROLLER", "failed"),
        ("CANCELLING", "working"), ("WINDING_DOWN", "working"), ("CANCELLED", "cancelled"),
    ],
)  # fmt: skip
def test_every_state_of_a_managed_job_has_a_phase(status, phase):
    assert sky.state_of("a", {"status": status}).phase == phase
    assert sky.state_of("a", None).phase == "ended"
    assert "no quota" in sky.state_of("a", {"status": status, "failure_reason": "no quota"}).text


def test_while_skypilot_does_not_answer_nothing_is_known(command, cluster, monkeypatch):
    def silent(*words):
        raise BadInput("sky jobs queue failed: no controller")

    monkeypatch.setattr(sky, "asked", silent)
    assert engine("sky_gpu", "h100").states(["a"])["a"].phase == "unknown"


def test_cancelling_names_the_job_and_waits_for_what_it_wrote(command, cluster, monkeypatch):
    said = []
    monkeypatch.setattr(sky, "asked", lambda *words: said.append(words))
    engine("sky_gpu", "h100").cancel(["a"])
    engine("sky_gpu", "h100").cancel(["a"], hard=True)
    assert said == [("jobs", "cancel", "--yes", "--graceful", "--name", "a"), ("jobs", "cancel", "--yes", "--name", "a")]


# -- what people get wrong --------------------------------------------------------------------------------------------------------------
def refused(capsys, *words: str) -> str:
    assert main(list(words)) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    return line


def test_without_skypilot_the_remedy_is_a_command(paper, cluster, monkeypatch, capsys):
    monkeypatch.setattr(sky.shutil, "which", lambda *_, **__: None)
    line = refused(capsys, "run", paper("one"), "--scale=smoke", "--on", "sky_gpu")
    assert "SkyPilot is not installed" in line and 'pip install "skypilot[' in line


def test_a_bucket_has_to_be_named_and_mounted(paper, command, cluster, monkeypatch, capsys):
    monkeypatch.setattr(sky, "mounted", lambda path: False)
    name = paper("one")
    assert "own disk" in refused(capsys, "run", name, "--scale=smoke", "--on", "sky_gpu")
    monkeypatch.setattr(importlib.import_module("configs.clusters.sky_gpu"), "CLUSTER", replace(cluster, bucket=""))
    assert "bucket='' in configs/clusters/sky_gpu.py" in refused(capsys, "run", name, "--scale=smoke", "--on", "sky_gpu")


def test_a_mesh_without_machines_is_refused(command, capsys):
    words = ["run", "infinite_compute/train", "--scale=smoke", "--on", "sky_tpu", "--config.mesh=h100", "--dry"]
    assert "sky_tpu has machines for --config.mesh=v5e-16 or" in refused(capsys, *words)


def test_a_cluster_file_that_lacks_a_field_is_refused(monkeypatch, capsys):
    def broken(name):
        return clusters.Sky(infra="gcp", machines={}, extras="tpu")

    monkeypatch.setattr(engines.importlib, "import_module", broken)
    with pytest.raises(BadInput, match=r"configs/clusters/sky_tpu.py: missing 1 required positional argument: 'bucket'; .*every field"):
        engines.described("sky_tpu")


def test_nobody_is_there_to_hand_over_the_rest(paper, command, cluster, capsys):
    assert "a launcher has to stay" in refused(capsys, "run", paper("one"), "--scale=smoke", "--on", "sky_gpu", "--detach")


def test_a_preview_shows_the_task(command, capsys):
    assert main(["run", "infinite_compute/train", "--scale=gpu", "--on", "sky_tpu", "--config.mesh=v5p-8", "--dry"]) == 0
    shown = capsys.readouterr().out
    assert "accelerators: tpu-v5p-8" in shown and "exec .venv/bin/python -m launch.worker" in shown and "at list price" in shown


def test_what_is_mounted_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(sky.os.path, "ismount", lambda path: Path(path) == tmp_path)
    assert sky.mounted(tmp_path / "runs") and not sky.mounted(tmp_path.parent)


def test_a_run_is_found_by_its_path_or_by_that_below_the_runs(runs):
    from shared.rundir import run_at

    assert run_at("toy/train/abc") == RunDir(runs / "toy" / "train" / "abc") == run_at(str(runs / "toy" / "train" / "abc"))


def test_the_plan_of_every_gpu_scale_finds_its_machine():
    plan = build("infinite_compute/train", "gpu", [], single=True)
    mesh = plan.runs[plan.targets[0]].config["mesh"]
    assert engine("sky_gpu", mesh).machine == "H200:1"
