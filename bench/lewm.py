"""LeWM, ours beside what one would take instead: pictures of TwoRoom (PyTorch) and of Push-T (gym-pusht's own renderer), the training step
and planning of the `cpu` model (PyTorch), and planning with one latent per frame beside one per patch.

    python -m bench lewm

All sides of a table are processes that live side by side and take turns; numbers are medians. A ratio "x" is their time over ours: above
1 ours is the faster. PyTorch and gym-pusht live in bench/.venv (_environment.py).
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

from bench import _environment, _side
from bench._side import Side
from bench._table import row, title
from configs.lewm.base import cost, get_config, resolve, tokens

SIZES, CORES = (64, 224), (1, 2)
FRAMES = 256  # drawn at a time
SQUARE = 1024  # of the matrices whose product shows what a core can do
SAMPLES, ITERATIONS = 300, 10  # of a plan
PAPER = {
    "latent.width": 192, "latent.hidden": 2_048, "predictor.layers": 6, "predictor.heads": 16, "predictor.head_dim": 64,
    "predictor.mlp_width": 2_048,
}  # fmt: skip
PATCHES = {"images.size": 112, "encoder.patch": 8}


def main() -> None:
    torch = _environment.python("requirements.txt", "PyTorch")
    gym = _environment.python("requirements-pusht.txt", "gym-pusht")
    if torch:
        two_room(torch)
    if gym:
        push_t(gym)
    if torch:
        training(torch)
        planning(torch)


# -- pictures ---------------------------------------------------------------------------------------------------------------------------
def two_room(torch: Path) -> None:
    title(f"TwoRoom, frames/s, {FRAMES} at a time", "cores", "ours", "torch eager", "torch compiled")
    for size in SIZES:
        known = np.random.default_rng(0).uniform(20, 200, (FRAMES, 2))
        config = fields(configured({"images.size": size})) | {"states": known.round(3).tolist(), "frames": FRAMES}
        groups = [three(torch, "draw", cores, config) for cores in CORES]
        _side.measure(sides := [side for group in groups for side in group])
        agree("picture", [side.about["mean"] for side in sides], 1e-4)
        for cores, (ours, *others) in zip(CORES, groups, strict=True):
            row(f"{size} px", cores, per_second(FRAMES, ours), *(f"{per_second(FRAMES, side)} ({ratio(side, ours)})" for side in others))


def push_t(gym: Path) -> None:
    title("Push-T, frames/s, one core", f"ours, {FRAMES} at a time", "ours, one at a time", "gym-pusht, one at a time", "ratios to ours")
    for size in SIZES:
        known = np.random.default_rng(0).uniform((50, 50, 150, 150, 0, 0, 0), (450, 450, 350, 350, 2 * np.pi, 1, 1), (FRAMES, 7))
        config = fields(configured({"images.size": size, "env.name": "pusht"})) | {"states": known.round(3).tolist()}
        many, one = sides = [ours("draw", 1, config | {"frames": frames}) for frames in (FRAMES, 1)]
        its = Side([str(gym), "-m", "bench._pusht_gym", json.dumps(config)])
        _side.measure([*sides, its])
        agree("picture", [side.about["mean"] for side in (many, one, its)], 1e-2)
        ratios = f"{FRAMES * its.ms / many.ms:.1f} x, {ratio(its, one)}"
        row(f"{size} px", per_second(FRAMES, many), per_second(1, one), per_second(1, its), ratios)


# -- training ---------------------------------------------------------------------------------------------------------------------------
def training(torch: Path) -> None:
    config = configured({})
    clips, flops = config.train.batch_size, cost(config)["flops"] / config.train.steps  # per step
    groups = [three(torch, "train", cores, fields(config), steps=2) for cores in CORES]
    products = [three(torch, "product", cores, {"size": SQUARE}, compiled=False) for cores in CORES]
    _side.measure([side for group in groups + products for side in group])
    agree("model", [cost(config)["params"], *(side.about["parameters"] for group in groups for side in group)])
    product = f"a product of {SQUARE} x {SQUARE}, GFLOP/s"
    title("Training step, clips/s (GFLOP/s)", "cores", "ours", "torch eager", "torch compiled", f"{product}: ours", "torch")
    for cores, sides, limits in zip(CORES, groups, products, strict=True):
        cells = [f"{per_second(clips, side)} ({flops / side.ms / 1e6:.0f})" for side in sides]
        ratios = [f", {ratio(side, sides[0])}" for side in sides[1:]]
        rates = [f"{2 * SQUARE**3 / side.ms / 1e6:.0f}" for side in limits]
        row("cpu, 64 px", cores, *map("".join, zip(cells, ["", *ratios], strict=True)), *rates)
    print(f"batches of {clips} clips, {flops / clips / 1e6:.0f} MFLOP each (6 N per token, attention left out)", flush=True)


# -- planning ---------------------------------------------------------------------------------------------------------------------------
class Planner(NamedTuple):
    name: str
    overrides: dict[str, Any]
    cores: int
    iterations: int = ITERATIONS  # that are run: all but the encoding of two pictures is linear in them
    compiled: bool = False


def planning(torch: Path) -> None:
    title(f"ms per plan of {SAMPLES} samples x {ITERATIONS} iterations", "pixels", "tokens per frame", "cores", "iterations run", "ours",
          "torch eager", "torch compiled")  # fmt: skip
    plans(torch, [Planner("cpu", {}, cores, compiled=True) for cores in CORES])
    plans(torch, [Planner("the paper's predictor", PAPER, 2, iterations=2)])
    over_patches = Planner("cpu, a latent per patch", PATCHES | {"latent.tokens": "patches"}, 2, iterations=1)
    one, many = plans(torch, [Planner("cpu", PATCHES, 2), over_patches], rounds=2)
    ours, theirs = (above / below for above, below in zip(many, one, strict=True))
    print(f"one latent per frame instead of one per patch: {ours:.0f} x faster in ours, {theirs:.0f} x in torch (the paper's: 48 x, GPU)")


def plans(torch: Path, planners: Sequence[Planner], rounds: int = _side.ROUNDS) -> list[list[float]]:
    """A row for each of planners that are measured together; returns the milliseconds of its sides."""
    search = {"plan.samples": SAMPLES, "plan.elites": SAMPLES // 10}
    configs = [configured(search | one.overrides | {"plan.iterations": one.iterations}) for one in planners]
    groups = [
        three(torch, "plan", one.cores, fields(config), one.compiled, None if one.iterations == ITERATIONS else 1)
        for one, config in zip(planners, configs, strict=True)
    ]
    _side.measure([side for group in groups for side in group], rounds)
    rows = []
    for one, config, sides in zip(planners, configs, groups, strict=True):
        agree("model", [side.about["parameters"] for side in sides])
        rows.append([side.ms * ITERATIONS / one.iterations for side in sides])
        cells = [f"{ms:,.0f}" for ms in rows[-1]] + ["not measured"] * (3 - len(sides))
        ratios = [f" ({ratio(side, sides[0])})" for side in sides[1:]] + [""] * (3 - len(sides))
        seen = tokens(config) - 1 if config.latent.tokens == "patches" else 1
        row(one.name, config.images.size, seen, one.cores, one.iterations, *map("".join, zip(cells, ["", *ratios], strict=True)))
    return rows


# -- sides ------------------------------------------------------------------------------------------------------------------------------
def configured(overrides: dict[str, Any]) -> ConfigDict:
    config = get_config("cpu")
    config.update_from_flattened_dict(overrides)
    return resolve(config)


def fields(config: ConfigDict) -> dict[str, Any]:
    return json.loads(config.to_json())


def ours(task: str, cores: int, config: dict[str, Any], steps: int | None = None) -> Side:
    return Side([sys.executable, "-m", "bench._lewm", task, str(cores), json.dumps(config)], steps)


def three(torch: Path, task: str, cores: int, config: dict[str, Any], compiled: bool = True, steps: int | None = None) -> list[Side]:
    """Ours, PyTorch's eager and, if wanted, PyTorch's compiled."""
    words = [str(torch), "-m", "bench.torch_lewm", task, str(cores), json.dumps(config)]
    sides = [ours(task, cores, config, steps), Side(words, steps)]
    return [*sides, Side([*words, "--compile"], steps)] if compiled else sides


def agree(what: str, values: Sequence[float], within: float = 0) -> None:
    assert max(values) - min(values) <= within, f"not the same {what}: {values}"


# -- cells ------------------------------------------------------------------------------------------------------------------------------
def per_second(count: int, side: Side) -> str:
    return f"{count / side.ms * 1e3:,.0f}"


def ratio(side: Side, ours: Side) -> str:
    return f"{side.ms / ours.ms:.2f} x"


if __name__ == "__main__":
    main()
