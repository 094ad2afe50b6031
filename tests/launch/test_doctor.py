"""doctor says what works, what does not, and what to type; it changes nothing and shows no secret."""

import subprocess
from types import SimpleNamespace

import fabricated
import pytest

from launch import configs, doctor, sync
from launch.cli import main
from shared.rundir import runs_root


def found(check) -> dict[str, doctor.Finding]:
    return {one.what: one for one in check()}


@pytest.fixture
def program(monkeypatch):
    """program(returncode, stdout, stderr): what every other program answers."""
    def answer(code: int = 0, out: str = "", err: str = "") -> None:
        monkeypatch.setattr(doctor.subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=code, stdout=out, stderr=err))

    return answer


@pytest.mark.slow
def test_this_machine_works(capsys):
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "everything that runs need works" in said and "x cpu" in said
    assert all(name in said for name in ("Python", "packages", "disk of runs", "W&B", "SLURM", "data sets", "tiny"))
    assert not runs_root().exists()


def test_a_package_of_another_version_names_the_command(monkeypatch, tmp_path):
    text = 'absl-py==0.0.1\nno-such-thing==1.0  # a reason\n# jax\nrich\nwandb==9.9; python_version < "3.0"\n'
    (tmp_path / "requirements.txt").write_text(text)
    monkeypatch.setattr(configs, "ROOT", tmp_path)
    one = found(doctor.packages)["packages"]
    assert one.works is False and "absl-py" in one.found and "no-such-thing none" in one.found and "wandb" not in one.found
    assert "pip install -r requirements.txt" in one.remedy


def test_devices_that_jax_sees_and_does_not_see(program, monkeypatch):
    program(out='["0.10.2", "gpu H200", "gpu H200"]')
    monkeypatch.setattr(doctor.local, "gpus", lambda: 2)
    assert found(doctor.devices)["devices"] == ("devices", True, "jax 0.10.2: 2 x gpu H200", "")
    program(out='noise\n["0.10.2", "cpu cpu"]')
    one = found(doctor.devices)["devices"]
    assert one.works is False and "2 GPUs that it does not see" in one.found and "jax[cuda13]" in one.remedy


@pytest.mark.parametrize("said, expected", [("Traceback\nImportError: no jaxlib", "ImportError: no jaxlib"), ("", "jax says nothing")])
def test_a_jax_that_does_not_start(program, said, expected):
    program(1, err=said)
    one = found(doctor.devices)["devices"]
    assert one.works is False and one.found == expected and "import jax" in one.remedy


def test_a_driver_that_hangs(monkeypatch):
    def hangs(*_, **__):
        raise subprocess.TimeoutExpired("python", doctor.PATIENCE)

    monkeypatch.setattr(doctor.subprocess, "run", hangs)
    assert "no answer" in found(doctor.devices)["devices"].found


def test_a_full_and_a_closed_disk(monkeypatch):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: SimpleNamespace(free=1e9))
    one = found(doctor.disk)["disk of runs"]
    assert one.works is False and "1 GB free" in one.found and "launch gc" in one.remedy and "PAPERCLUB_RUNS" in one.remedy
    monkeypatch.setattr(doctor.os, "access", lambda *_: False)
    assert "closed to you" in found(doctor.disk)["disk of cache"].found


def test_runs_that_stopped_and_a_damaged_directory():
    plan = fabricated.demo()
    fabricated.sweep(plan, **{plan.targets[0]: "failed"})
    one = found(doctor.records)["run directories"]
    assert one.works and {*one.found.split(", ")} == {"1 failed", "5 done"} and "retry" in one.remedy
    (plan.runs[plan.targets[0]].dir.path / "status.json").write_text("{")
    one = found(doctor.records)["run directories"]
    assert one.works is False and "is damaged" in one.found and "move the folder" in one.remedy


def test_the_key_is_told_of_and_not_told(monkeypatch):
    monkeypatch.setattr(sync, "unsynced", lambda run: ["folder"])
    fabricated.sweep(fabricated.demo())
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    assert found(doctor.records)["W&B"].remedy.startswith("export WANDB_API_KEY=<yours>")
    monkeypatch.setenv("WANDB_API_KEY", "s3cret")
    one = found(doctor.records)["W&B"]
    assert "6 runs not uploaded" in one.found and one.remedy == "python -m launch sync" and "s3cret" not in "".join(map(str, one))


def test_a_cluster_that_answers_and_one_that_does_not(program, monkeypatch):
    monkeypatch.setattr(doctor.shutil, "which", lambda name: f"/usr/bin/{name}")
    program(out="long up 4\n")
    assert found(doctor.engines)["SLURM"] == ("SLURM", True, "long up 4", "")
    program(1, err="slurm_load_partitions: Unable to contact slurm controller\n")
    one = found(doctor.engines)["SLURM"]
    assert one.works is None and "Unable to contact" in one.found and "sinfo" in one.remedy
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    assert [one.works for one in doctor.engines()] == [None, None]


def test_something_broken_is_exit_code_1(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "CHECKS", [lambda: [doctor.Finding("disk", False, "full", "empty it")]])
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "broken: disk" in said and "empty it" in said
