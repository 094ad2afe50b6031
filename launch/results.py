"""Committed results: the numbers of a config's runs as a small table, and where they come from.

    projects/<paper>/results/<scale>/<name>.csv    run_id, state, step and the numbers; the fields follow from the run id
    projects/<paper>/results/<scale>/<name>.json   commit, versions and device behind every run id, seconds and FLOPs
    projects/<paper>/results/<scale>/<name>.npz    what runs left besides numbers, as <run id>/<array>: pictures, curves, points
"""

import csv
import io
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from launch.configs import ROOT
from launch.plan import Plan, RunSpec
from shared.errors import BadInput
from shared.rundir import FINISHED, read_json, write_atomic

if TYPE_CHECKING:
    import numpy as np

Row = dict[str, Any]  # run_id, state, step, and numbers by name
Arrays = dict[str, "np.ndarray"]

ARRAYS = "arrays.npz"  # in a run's tables

PLACE = ("commit", "modified", "python", "versions", "device", "cores", "machine")  # machine: the kind, never a name
SPEED = "perf/"  # numbers about the machine, not about the run


def table_file(name: str, scale: str) -> Path:
    paper, config = name.split("/")
    return ROOT / "projects" / paper / "results" / scale / f"{config}.csv"


def provenance_file(name: str, scale: str) -> Path:
    return table_file(name, scale).with_suffix(".json")


def read(name: str, scale: str) -> dict[str, list[Row]]:
    """Run id -> its committed rows; empty when nothing is committed. BadInput when the file is damaged."""
    path = table_file(name, scale)
    if not path.exists():
        return {}
    found: dict[str, list[Row]] = {}
    try:
        with open(path, newline="") as file:
            for line in csv.DictReader(file, strict=True):
                row: Row = {"run_id": line.pop("run_id"), "state": line.pop("state"), "step": int(line.pop("step"))}
                row |= {key: float(text) for key, text in line.items() if text}
                found.setdefault(row["run_id"], []).append(row)
    except (KeyError, ValueError, TypeError, csv.Error) as error:
        raise BadInput(f"{path} is damaged ({type(error).__name__} {error}): restore it with `git checkout {path}`") from None
    return found


def load_arrays(path: Path) -> Arrays:
    """By name; nothing where there is no such file. BadInput when it is damaged."""
    if not path.exists():
        return {}
    import zipfile

    import numpy as np

    try:
        with np.load(path) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise BadInput(f"{path} is damaged ({error}): restore it with `git checkout`, or compute its run again") from None


def read_arrays(name: str, scale: str) -> dict[str, Arrays]:
    """Run id -> its committed arrays."""
    found: dict[str, Arrays] = {}
    for key, array in load_arrays(table_file(name, scale).with_suffix(".npz")).items():
        run_id, _, part = key.partition("/")
        found.setdefault(run_id, {})[part] = array
    return found


def write_arrays(plan: Plan, arrays: dict[str, Arrays]) -> None:
    """The arrays of all runs in one file; none where there are none."""
    path = table_file(plan.name, plan.scale).with_suffix(".npz")
    if not arrays:
        path.unlink(missing_ok=True)
        return
    import numpy as np

    temporary = path.with_suffix(".tmp.npz")
    np.savez_compressed(temporary, **{f"{run_id}/{name}": array for run_id, found in arrays.items() for name, array in found.items()})
    temporary.replace(path)


def write(plan: Plan, rows: list[Row], arrays: dict[str, Arrays]) -> Path:
    """Commits-to-be: the table, and the provenance of every run behind it. Rows that were read from the last record keep theirs."""
    path = table_file(plan.name, plan.scale)
    path.parent.mkdir(parents=True, exist_ok=True)
    names = dict.fromkeys(key for row in rows for key in row if not key.startswith(SPEED))
    text = io.StringIO()
    writer = csv.DictWriter(text, list(names), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: f"{value:.7g}" if isinstance(value, float) else value for key, value in row.items()} for row in rows)
    write_atomic(provenance_file(plan.name, plan.scale), json.dumps(provenance(plan, rows), indent=1) + "\n")
    write_arrays(plan, arrays)
    write_atomic(path, text.getvalue())
    return path


def provenance(plan: Plan, rows: list[Row]) -> dict[str, Any]:
    """Where the runs of a table and the runs they needed were computed: one entry per commit, versions and device."""
    groups: dict[str, dict[str, Any]] = {}
    for run_id, run in plan.runs.items():
        if run.dir.state() in FINISHED:
            place, runs = origin(run)
            groups.setdefault(json.dumps(place), {**place, "runs": {}})["runs"][run_id] = runs
    here = {run_id for group in groups.values() for run_id in group["runs"]}
    for group in read_json(provenance_file(plan.name, plan.scale)).get("made", []):
        kept = {run_id: seconds for run_id, seconds in group["runs"].items() if run_id in set(plan.runs) - here}
        if kept:
            place = {key: group[key] for key in PLACE}
            groups.setdefault(json.dumps(place), {**place, "runs": {}})["runs"] |= kept
    made = list(groups.values())
    return {
        "config": plan.name,
        "scale": plan.scale,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "cells": len({row["run_id"] for row in rows}),
        "missing": len(plan.targets) - len({row["run_id"] for row in rows}),
        "runs": sum(len(group["runs"]) for group in made),
        "seconds": round(sum(sum(group["runs"].values()) for group in made), 1),
        "flops": sum(plan.runs[run_id].flops for group in made for run_id in group["runs"]),
        "made": made,
    }


def origin(run: RunSpec) -> tuple[dict[str, Any], float]:
    """What computed a run, and its share of the worker's wall seconds (last attempt)."""
    env, status = read_json(run.dir.path / "env.json"), run.dir.status()
    place = {key: env.get(key, "unknown") for key in PLACE}
    modified = any(computes(line[3:], run.paper) for line in env.get("changed", []))
    place |= {"modified": modified, "machine": kind_of_machine(place["machine"])}
    seconds = status.get("ended", 0.0) - status.get("started", 0.0)
    return place, round(seconds / env.get("packed_with", 1), 2)


def computes(path: str, paper: str) -> bool:
    """Whether a change of this file of the repository can change a number of the paper's runs: no text, no test, no other paper does. An
    environment is no code, and the versions in it stand in the record."""
    others = ("bench/", "tests/", "projects/") if not path.startswith(f"projects/{paper}/") else ()
    return not path.endswith(".md") and not path.startswith((*others, ".venv"))


def kind_of_machine(text: str) -> str:
    """System and architecture of a platform string, without its kernel, which may carry a site's own name."""
    architecture = next((word for word in ("x86_64", "aarch64", "arm64", "AMD64") if word in text), "")
    return f"{text.split('-')[0]} {architecture}".strip()
