"""The PyTorch side of the bench computes what we compute: plans, losses and gradients, by our weights and noises."""

import json
import subprocess
import sys

import pytest

from bench import _environment
from bench.dmpc import CLOSE, PARTS, configured, fields
from configs.dmpc.costs import parameters
from launch.configs import ROOT

READY = _environment.VENV / "requirements.txt.ready"
TINY = {"windows.horizon": 4, "model.width": 16, "model.heads": 2, "model.head_dim": 12, "model.mlp_width": 24, "plan.candidates": 5,
        "train.batch_size": 6}  # fmt: skip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not READY.exists(), reason="PyTorch is not installed into bench/.venv: python -m bench dmpc does it"),
]


def off(folder, task: str, **changes) -> float:
    """By how much, of the first line of PyTorch's side; nobody asks it for more."""
    config = configured("smoke", TINY | {name.replace("__", "."): value for name, value in changes.items()})
    words = json.dumps(fields(config) | {"task": task, "golden": str(folder / "golden.npz"), "environments": 2})
    subprocess.run([sys.executable, "-m", "bench._dmpc", "golden", "2", words], cwd=ROOT, check=True, timeout=300)
    command = [str(_environment.VENV / "bin" / "python"), "-m", "bench.torch_dmpc", task, "2", words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    assert not done.returncode, done.stderr[-3000:]
    about, counted = json.loads(done.stdout), parameters(config)
    assert about["parameters"] == (sum(counted[part] for part in PARTS) if task == "plan" else counted[config.train.part])
    return about["off"]


@pytest.mark.parametrize("predicts", ["x0", "eps"])
def test_plans_are_equal(tmp_path, predicts):
    assert off(tmp_path, "plan", diffusion__predicts=predicts, env__name="hopper") < CLOSE


@pytest.mark.parametrize("part", PARTS)
def test_losses_and_gradients_are_equal(tmp_path, part):
    assert off(tmp_path, "train", train__part=part, diffusion__predicts="eps") < CLOSE
