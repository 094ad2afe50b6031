"""The short version of `python -m bench reliability`, and what else may befall a shared folder of runs."""

import json
import os
import socket
import subprocess
import time

import pytest

from bench import _counting, reliability
from launch.engines import loopback


@pytest.fixture
def world(tmp_path):
    return reliability.World(tmp_path / "world", runs=5, pause=0.0)


@pytest.mark.slow
def test_workers_and_launchers_that_are_killed_cost_no_run_and_change_no_number(tmp_path):
    """With two launchers at any time."""
    _, disturbed, wrong = reliability.trial(tmp_path, runs=10, pause=0.08, blows=6, cluster=None, launchers=2)
    assert disturbed.blows.total() >= 3 and not any(wrong.values()), (wrong, disturbed.world.said)


@pytest.mark.slow
def test_jobs_nodes_workers_and_launchers_that_die_cost_no_run_on_a_cluster(tmp_path):
    if loopback.missing():
        pytest.skip(loopback.missing())
    cluster = loopback.Cluster(tmp_path / "slurm")
    cluster.start()
    try:
        _, disturbed, wrong = reliability.trial(tmp_path, runs=5, pause=0.08, blows=5, cluster=cluster)
    finally:
        cluster.stop()
    assert disturbed.blows.total() >= 2 and not any(wrong.values()), (wrong, disturbed.world.said)


def test_a_folder_full_of_what_the_dead_left_is_computed_as_a_clean_one(world, tmp_path):
    """Claims of processes and hosts that are gone, torn locks, take-over marks, half-written files, an old request to cancel."""
    long_ago = time.time() - 1e5
    reliability.carry(world)
    clean, folder = reliability.results(world), world.found[0].path.parent
    (folder / "journal").unlink()
    gone = {"host": "elsewhere", "pid": 1, "started": "1"}
    left = [json.dumps(gone), json.dumps(gone | {"job": "big:7"}), json.dumps(gone | {"host": socket.gethostname()}), "", '{"host": "els']
    for run, lock in zip(world.found, left, strict=True):
        run.update(state="running", heartbeat=long_ago, final={}, step=9, attempt=0)
        for name, text in {"claim.lock": lock, "claim.takeover": "{}", ".status.json.0a.tmp": '{"sta', "cancel": "", "saved": ""}.items():
            (run.path / name).write_text(text)
            os.utime(run.path / name, (long_ago, long_ago))
        (run.path / "saved").unlink()
        (run.path / "metrics.jsonl").write_text((run.path / "metrics.jsonl").read_text()[:-9])
    outcome = reliability.carry(world)
    assert not any(outcome.check(clean).values())


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 512 KiB; only root may make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("mounting a small disk takes root")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_disk_that_fills_up_while_runs_are_computed_costs_none_of_them(small_disk, tmp_path):
    """The launcher or the run says so; the same command goes on once there is room."""
    world = reliability.World(tmp_path / "world", runs=5, pause=0.1)
    (small_disk / "runs").mkdir()
    (world.folder / "runs").symlink_to(small_disk / "runs")
    world.launch()
    while not any(run.metrics() for run in world.found):
        time.sleep(0.05)
    with open(small_disk / "ballast", "wb") as file, pytest.raises(OSError):
        while True:
            file.write(b"0" * 4096)
            file.flush()
    while not (codes := world.ended()):
        time.sleep(0.1)
    said = [*world.said, *(run.status()["error"].splitlines()[-1] for run in world.found if run.status().get("error"))]
    assert codes[0] in (1, 2) and any("no disk space left" in line for line in said), said
    world.said.clear()
    (small_disk / "ballast").unlink()
    outcome = reliability.carry(world)
    assert not any(outcome.check({run.id: {"loss": _counting.number(run.id)} for run in world.found}).values())
