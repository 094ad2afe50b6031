"""Runs of this paper in the test's own process: what an entry logs, as rows, and tables as the figures get them."""

import importlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from ml_collections import ConfigDict

from configs.generalization import base
from launch import configs, plan

FIGURES = ("polynomials", "orders", "gp", "weak", "fourier", "linear")


class Recorded:
    """Stands for the Run of a pack of seeds and keeps what is logged."""

    def __init__(self, seeds: tuple[int, ...], folder: Path) -> None:
        self.hyper, self.stopping, self.step = {"seed": np.array(seeds)}, False, 0
        self.rows, self.folder = [], folder

    def restore(self, abstract: Any) -> None:
        pass

    def log(self, step: int, row: dict[str, Any]) -> None:
        self.rows.append({"step": step, **row})

    def table(self, index: int, name: str) -> Path:
        return self.folder / name


def config(name: str, scale: str = "smoke", **changes: Any) -> ConfigDict:
    """A config file with changes, dots written as two underscores, resolved."""
    made = ConfigDict(importlib.import_module(f"configs.generalization.{name}").get_config(scale).to_dict())
    made.update_from_flattened_dict({key.replace("__", "."): value for key, value in changes.items()})
    return base.resolve(made)


def logged(settings: ConfigDict, folder: Path | None = None, seeds: tuple[int, ...] = (0,)) -> list[dict[str, Any]]:
    """The rows of a run; numbers of members are arrays."""
    with TemporaryDirectory() as scratch:
        run = Recorded(seeds, folder or Path(scratch))
        importlib.import_module(f"projects.generalization.{settings.entry}").run(settings, run)
    return run.rows


def one(settings: ConfigDict, **wanted: float) -> dict[str, Any]:
    """The single row in which these numbers were used."""
    (found,) = [row for row in logged(settings) if all(row[key] == value for key, value in wanted.items())]
    return found


def table(name: str, folder: Path) -> pd.DataFrame:
    """Every run of a sweep at scale smoke, computed, as the launcher hands it to a figure."""
    rows = []
    for run in plan.build(f"generalization/{name}", "smoke", []).runs.values():
        place = folder / run.id
        place.mkdir(parents=True)
        found = logged(ConfigDict(run.config), place, (run.config["seed"],))
        arrays = {"arrays": dict(np.load(place / "arrays.npz"))} if (place / "arrays.npz").exists() else {}
        plain = [{key: float(np.ravel(value)[0]) for key, value in row.items()} for row in found]
        rows += [configs.flatten(run.config) | {"run_id": run.id, "state": "done"} | row | arrays for row in plain]
    return pd.DataFrame(rows)
