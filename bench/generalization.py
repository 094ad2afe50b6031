"""What takes time in `generalization`, ours beside what one would take instead: exact Gaussian processes (scikit-learn, and a page of
scipy), Lanczos' method on a network's Hessian and training within a subspace (PyTorch), the range coder (constriction).

    python -m launch data fashion_mnist
    python -m bench generalization         # nothing else may run meanwhile

All sides of a table are processes that live side by side and take turns; numbers are medians. A ratio "x" is their time over ours: above
1 ours is the faster. Before anything is timed all sides must have computed the same. PyTorch and constriction live in bench/.venv
(_environment.py).
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from bench import _environment, _side
from bench._side import ROOT, Side
from bench._table import row, title
from configs.generalization.base import get_config, resolve
from configs.generalization.sizes import coded
from shared.data import labelled
from shared.errors import BadInput

CORES = (1, 2)
SYMBOLS = 1_000_000  # of a message
STEPS = 100  # of Lanczos' method
POINTS = {"mlp": 4_000, "lenet": 200}  # of its loss
CLOSE = 1e-2  # share of the five largest Ritz values, of a loss and of a gradient's length: float32


def main() -> None:
    coder(_environment.python("requirements-constriction.txt", "constriction"))
    try:
        labelled.load("fashion_mnist")
    except BadInput as error:
        print(f"the rest is left out: {error}", flush=True)
        return
    processes()
    torch = _environment.python("requirements.txt", "PyTorch")
    if torch:
        lanczos(torch)
        training(torch)


def coder(constriction: Path | None) -> None:
    if constriction is None:
        return
    its = Side([str(constriction), "-m", "bench._constriction", "1", str(SYMBOLS)])
    _side.measure(sides := [ours("coder", 1, {"symbols": SYMBOLS}, 1), its])
    title(f"{SYMBOLS:,} symbols there and back, one core", "MB/s, a byte per symbol", "bits per symbol")
    for name, side in zip(("ours, Python", "constriction, Rust"), sides, strict=True):
        row(name + beside(side, sides), f"{SYMBOLS / side.ms / 1e3:,.2f}", f"{side.about['bits'] / SYMBOLS:.4f}")


def processes() -> None:
    config = configured("gp", {"seed": 0})
    n, m, levels = config.data.train, config.data.test, len(config.gp.altered)
    title(f"Exact Gaussian process, {n:,} pictures and {m:,} for testing, ten classes, {levels} shares of altered labels, s", "cores",
          "ours", "scikit-learn", "scipy, a factor per share")  # fmt: skip
    for cores in CORES:
        sides = [ours(task, cores, fields(config), 1) for task in ("gp", "sklearn", "scipy")]
        _side.measure(sides, rounds=3)
        for side in sides[1:]:
            apart = [abs(one - other) for one, other in zip(sides[0].about["errors"], side.about["errors"], strict=True)]
            assert max(apart) <= 2 / m, f"not the same predictions: test errors off by {apart}"
        row("cpu", cores, *(f"{side.ms / 1e3:,.1f}{beside(side, sides)}" for side in sides))


def lanczos(torch: Path) -> None:
    title(f"Lanczos, {STEPS} products with the Hessian and as many orthogonalisations, s", "parameters", "points", "cores", "ours",
          "torch eager")  # fmt: skip
    for name, points in POINTS.items():
        config = configured("subspace", {"network.name": name})
        for cores in CORES:
            asked = fields(config) | {"steps": STEPS, "data": {"name": config.data.name, "train": points}}
            sides = compared(torch, "lanczos", cores, asked, steps=1, rounds=3)
            cells = [f"{side.ms / 1e3:,.1f}{beside(side, sides)}" for side in sides]
            row(name, f"{coded(config).parameters:,}", f"{points:,}", cores, *cells)


def training(torch: Path) -> None:
    title("Training in a subspace, steps/s", "parameters", "d", "batch", "cores", "ours", "torch eager", "torch compiled")
    for name in POINTS:
        config = configured("subspace", {"network.name": name})
        for cores in CORES:
            sides = compared(torch, "subspace", cores, fields(config), compiled=True)
            cells = [f"{1e3 / side.ms:,.0f}{beside(side, sides)}" for side in sides]
            c = config.subspace
            row(name, f"{coded(config).parameters:,}", f"{c.dimension:,}", c.batch_size, cores, *cells)


# -- sides ------------------------------------------------------------------------------------------------------------------------------
def configured(entry: str, overrides: dict[str, Any]) -> ConfigDict:
    config = get_config("cpu")
    config.update_from_flattened_dict(overrides | {"entry": entry})
    return resolve(config)


def fields(config: ConfigDict) -> dict[str, Any]:
    return json.loads(config.to_json())


def ours(task: str, cores: int, config: dict[str, Any], steps: int | None = None) -> Side:
    return Side([sys.executable, "-m", "bench._generalization", task, str(cores), json.dumps(config)], steps)


def compared(
    torch: Path, task: str, cores: int, config: dict[str, Any], compiled: bool = False, steps: int | None = None, rounds: int = _side.ROUNDS
) -> list[Side]:
    """Ours, PyTorch's eager and, if wanted, PyTorch's compiled, measured; all have computed the same."""
    with tempfile.TemporaryDirectory() as folder:
        config = config | {"task": task, "golden": f"{folder}/golden.npz"}
        subprocess.run([sys.executable, "-m", "bench._generalization", "golden", str(cores), json.dumps(config)], cwd=ROOT, check=True)
        words = [str(torch), "-m", "bench.torch_generalization", task, str(cores), json.dumps(config)]
        sides = [ours(task, cores, config, steps), Side(words, steps)]
        sides += [Side([*words, "--compile"], steps)] if compiled else []
        _side.measure(sides, rounds)
    for side in sides[1:]:
        assert side.about["parameters"] == sides[0].about["parameters"], "not the same network"
        assert side.about["off"] < CLOSE, f"not the same numbers: off by {side.about['off']}"
    return sides


def beside(side: Side, sides: list[Side]) -> str:
    """The ratio of its time to ours, of the others."""
    return "" if side is sides[0] else f" ({side.ms / sides[0].ms:.3g} x)"


if __name__ == "__main__":
    main()
