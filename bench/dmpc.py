"""D-MPC, ours beside what one would take instead: plans and training steps (PyTorch: the same networks, sampler and planner), and data
beside the simulator alone (Gymnasium, MuJoCo).

    python -m bench dmpc

All sides of a table are processes that live side by side and take turns; numbers are medians. A ratio "x" is their time over ours: above
1 ours is the faster. PyTorch's side first computes with our weights and noises what we have computed, and must agree. It lives in
bench/.venv (_environment.py).
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from bench import _environment, _side
from bench._side import ROOT, Side
from bench._table import row, title
from configs.dmpc.base import get_config, resolve
from configs.dmpc.costs import parameters

PARTS = ("proposal", "dynamics", "value")
CORES = (1, 2)
RUNNERS = ("halfcheetah", "hopper", "walker2d")
CLOSE = 2e-3  # standard deviations between equal plans, share between equal losses and gradients: float32, tens of layers after each other


class Plans(NamedTuple):
    scale: str
    candidates: int
    environments: int
    cores: int
    steps: tuple[int, int] | None = None  # of the two samplers, where fewer are run than the scale has


PLANS = (
    *(Plans("smoke", 16, environments, cores) for environments in (1, 8) for cores in CORES),
    *(Plans("cpu", candidates, 1, 2) for candidates in (16, 64, 256)),
    Plans("cpu", 64, 1, 1),
    Plans("cpu", 64, 5, 2),
    Plans("gpu", 64, 1, 2, (2, 1)),
    Plans("paper", 64, 1, 2, (2, 1)),
)


def main() -> None:
    torch = _environment.python("requirements.txt", "PyTorch")
    if torch:
        planning(torch, PLANS)
        training(torch, "cpu", CORES)
    collecting(RUNNERS)


# -- planning ---------------------------------------------------------------------------------------------------------------------------
def planning(torch: Path, plans: Sequence[Plans]) -> None:
    """A table with a row for each; every one is measured on its own, since they take from milliseconds to minutes."""
    title("ms per plan and environment", "parameters", "F", "N", "environments", "DDIM steps", "cores", "ours", "torch eager",
          "torch compiled")  # fmt: skip
    for one in plans:
        overrides = {"plan.candidates": one.candidates, "env.name": "ring" if one.scale == "smoke" else "halfcheetah"}
        if one.steps:
            overrides |= {"plan.proposal_steps": one.steps[0], "plan.dynamics_steps": one.steps[1]}
        config = configured(one.scale, overrides)
        sides = three(torch, "plan", one.cores, fields(config) | {"environments": one.environments})
        each = [f"{side.ms / one.environments:,.2f}" for side in sides]
        steps, cut = f"{config.plan.proposal_steps} + {config.plan.dynamics_steps}", " (cut)" if one.steps else ""
        count = sum(parameters(config)[part] for part in PARTS)
        row(one.scale, f"{count:,}", config.windows.horizon, one.candidates, one.environments, steps + cut, one.cores, each[0],
            *beside(each[1:], sides))  # fmt: skip


# -- training ---------------------------------------------------------------------------------------------------------------------------
def training(torch: Path, scale: str, cores: Sequence[int]) -> None:
    title("training steps/s", "parameters", "batch", "cores", "ours", "torch eager", "torch compiled")
    for name in PARTS:
        config = configured(scale, {"train.part": name, "env.name": "halfcheetah"})
        for count in cores:
            sides = three(torch, "train", count, fields(config))
            each = [f"{1e3 / side.ms:,.1f}" for side in sides]
            row(f"{name}, {scale}", f"{parameters(config)[name]:,}", config.train.batch_size, count, each[0], *beside(each[1:], sides))


# -- data -------------------------------------------------------------------------------------------------------------------------------
def collecting(names: Sequence[str]) -> None:
    title("steps/s of data, one core", "ours, policy and recording included", "Gymnasium alone", "MuJoCo alone", "ours / Gymnasium")
    for name in names:
        config = fields(configured("cpu", {"env.name": name}))
        sides = ours, gym, bare = [ours_of(task, 1, config, steps=1) for task in ("collect", "gymnasium", "mujoco")]
        _side.measure(sides)
        assert len({side.about["rows"] for side in sides}) == 1, "not the same episodes"
        speeds = [f"{side.about['rows'] / side.ms * 1e3:,.0f}" for side in (ours, gym, bare)]
        row(name, *speeds, f"{100 * gym.ms / ours.ms:.0f}%")


# -- sides ------------------------------------------------------------------------------------------------------------------------------
def configured(scale: str, overrides: dict[str, Any]) -> ConfigDict:
    config = get_config(scale)
    config.update_from_flattened_dict(overrides | {"model.dtype": "float32"})
    return resolve(config)


def fields(config: ConfigDict) -> dict[str, Any]:
    return json.loads(config.to_json())


def ours_of(task: str, cores: int, config: dict[str, Any], steps: int | None = None) -> Side:
    return Side([sys.executable, "-m", "bench._dmpc", task, str(cores), json.dumps(config)], steps)


def theirs(torch: Path, task: str, cores: int, config: dict[str, Any], *words: str) -> Side:
    return Side([str(torch), "-m", "bench.torch_dmpc", task, str(cores), json.dumps(config), *words])


def three(torch: Path, task: str, cores: int, config: dict[str, Any]) -> list[Side]:
    """Ours, PyTorch's eager and compiled, measured; the three have computed the same."""
    with tempfile.TemporaryDirectory() as folder:
        config = config | {"task": task, "golden": f"{folder}/golden.npz"}
        subprocess.run([sys.executable, "-m", "bench._dmpc", "golden", str(cores), json.dumps(config)], cwd=ROOT, check=True)
        sides = [ours_of(task, cores, config), theirs(torch, task, cores, config), theirs(torch, task, cores, config, "--compile")]
        _side.measure(sides)
    counts = [side.about["parameters"] for side in sides]
    assert len(set(counts)) == 1, f"not the same model: {counts}"
    for side in sides[1:]:
        assert side.about["off"] < CLOSE, f"not the same numbers: off by {side.about['off']}"
    return sides


def beside(cells: Sequence[str], sides: Sequence[Side]) -> list[str]:
    """Those of the others, with the ratio of their time to ours."""
    return [f"{cell} ({side.ms / sides[0].ms:.2f} x)" for cell, side in zip(cells, sides[1:], strict=True)]


if __name__ == "__main__":
    main()
