"""All sides of the bench compute the same: Gaussian processes, Lanczos' method, losses and gradients in a subspace, messages."""

import json
import subprocess
import sys

import pytest

from bench import _environment
from bench.generalization import CLOSE, configured, fields
from configs.generalization.sizes import coded
from launch.configs import ROOT

HAVE = {name: (_environment.VENV / f"{name}.ready").exists() for name in ("requirements.txt", "requirements-constriction.txt")}
THEIRS = str(_environment.VENV / "bin" / "python")
torch = pytest.mark.skipif(not HAVE["requirements.txt"], reason="PyTorch is not installed into bench/.venv: python -m bench does it")
constriction = pytest.mark.skipif(not HAVE["requirements-constriction.txt"], reason="neither is constriction: python -m bench does it")
DIGITS = {"data.name": "digits", "network.name": "mlp", "subspace.dimension": 100, "subspace.batch_size": 16}


def about(*words: str) -> dict:
    """The first line of a side; nobody asks it for more."""
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    assert not done.returncode, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def ours(task: str, config: dict) -> dict:
    return about(sys.executable, "-m", "bench._generalization", task, "2", json.dumps(config))


@pytest.mark.slow
def test_gaussian_processes_are_those_of_the_libraries():
    config = fields(configured("gp", {"data.name": "digits", "data.train": 100, "data.test": 100, "gp.altered": (0.0, 0.4)}))
    found = [ours(task, config)["errors"] for task in ("gp", "sklearn", "scipy")]
    assert found[0] == found[1] == found[2] and found[0][0] < found[0][1]


@torch
@pytest.mark.slow
@pytest.mark.parametrize("task", ["lanczos", "subspace"])
def test_networks_are_those_of_pytorch(tmp_path, task):
    config = configured("subspace", DIGITS)
    words = fields(config) | {"task": task, "golden": str(tmp_path / "golden.npz"), "steps": 8}
    words |= {"data": {"name": "digits", "train": 40}}
    subprocess.run([sys.executable, "-m", "bench._generalization", "golden", "2", json.dumps(words)], cwd=ROOT, check=True, timeout=300)
    said = about(THEIRS, "-m", "bench.torch_generalization", task, "2", json.dumps(words))
    assert said["off"] < CLOSE and said["parameters"] == coded(config).parameters


@constriction
@pytest.mark.slow
def test_codes_are_as_long_as_constrictions():
    bits = [ours("coder", {"symbols": 20_000})["bits"], about(THEIRS, "-m", "bench._constriction", "1", "20000")["bits"]]
    assert bits[0] <= bits[1] < 1.01 * bits[0]
