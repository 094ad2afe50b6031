"""The verb doctor: what works on this machine, what does not, and what to type. It changes nothing, and shows no secret."""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import metadata
from typing import NamedTuple

from packaging.requirements import Requirement
from rich.table import Table

from launch import configs, sync
from launch.engines import local
from launch.terminal import terminal
from shared import mirror
from shared.data import cache, registry
from shared.errors import BadInput
from shared.rundir import all_runs, runs_root

PATIENCE = 60  # seconds for a program to answer
ROOM = 5e9  # bytes free that a day of small runs may take
DEVICES = "import jax, json; print(json.dumps([jax.__version__, *(f'{d.platform} {d.device_kind}' for d in jax.devices())]))"


class Finding(NamedTuple):
    """`works` is None for what one can do without."""

    what: str
    works: bool | None
    found: str
    remedy: str = ""


def doctor(options: argparse.Namespace) -> int:
    """Exit code 1 when something does not work that runs need."""
    console, words = terminal(), {True: "works", False: "broken", None: "not here"}
    table = Table()
    for column in ("what", "state", "found", "what to type"):
        table.add_column(column, overflow="fold")
    findings = [finding for check in CHECKS for finding in check()]
    for one in findings:
        table.add_row(one.what, words[one.works], one.found, one.remedy)
    console.print(table)
    broken = [one.what for one in findings if one.works is False]
    console.print(f"broken: {', '.join(broken)}" if broken else "everything that runs need works")
    return 1 if broken else 0


def python() -> Iterator[Finding]:
    right = (3, 11) <= sys.version_info[:2] <= (3, 13)
    yield Finding("Python", right, platform.python_version(), "" if right else "install Python 3.11, 3.12 or 3.13, then: make venv")


def packages() -> Iterator[Finding]:
    """What requirements.txt pins, against what is installed."""
    lines = [line.split(" #")[0].strip() for line in (configs.ROOT / "requirements.txt").read_text().splitlines()]
    wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
    wanted = [one for one in wanted if not one.marker or one.marker.evaluate()]
    wrong = []
    for one in wanted:
        try:
            have = metadata.version(one.name)
        except metadata.PackageNotFoundError:
            have = "none"
        if have not in one.specifier:
            wrong.append(f"{one.name} {have} (pinned {one.specifier})")
    found = "; ".join(wrong) or f"{len(wanted)} packages as pinned"
    yield Finding("packages", not wrong, found, ".venv/bin/python -m pip install -r requirements.txt" if wrong else "")


def devices() -> Iterator[Finding]:
    """What jax sees, asked of a process of its own: a driver may hang or crash."""
    try:
        done = subprocess.run([sys.executable, "-c", DEVICES], capture_output=True, text=True, timeout=PATIENCE)
        version, *seen = json.loads(done.stdout.strip().splitlines()[-1])
    except (subprocess.TimeoutExpired, IndexError, ValueError) as error:
        said = [f"no answer within {PATIENCE} s"] if isinstance(error, subprocess.TimeoutExpired) else done.stderr.strip().splitlines()
        yield Finding("devices", False, said[-1] if said else "jax says nothing", f"{sys.executable} -c 'import jax; jax.devices()'")
        return
    counts = ", ".join(f"{count} x {name}" for name, count in Counter(seen).items())
    unseen = local.gpus() and not any(name.startswith(("gpu", "cuda")) for name in seen)
    found = f"jax {version}: {counts}" + (f", and {local.gpus()} GPUs that it does not see" if unseen else "")
    yield Finding("devices", not unseen, found, '.venv/bin/pip install "jax[cuda13]"' if unseen else "")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Finding("cores", True, f"{cores} for workers")


def disk() -> Iterator[Finding]:
    for what, folder, variable in (("runs", runs_root(), "PAPERCLUB_RUNS"), ("cache", cache.root(), cache.VARIABLE)):
        there = next(path for path in (folder, *folder.parents) if path.exists())
        free, writable = shutil.disk_usage(there).free, there.is_dir() and os.access(there, os.W_OK)
        found = f"{folder}, {free / 1e9:.0f} GB free" + ("" if writable else ", closed to you")
        remedy = "" if writable and free > ROOM else f"python -m launch gc, or export {variable}=<a folder with room>"
        yield Finding(f"disk of {what}", not remedy, found, remedy)


def git() -> Iterator[Finding]:
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=configs.ROOT, capture_output=True, text=True) if shutil.which("git") else None
    known = done is not None and done.returncode == 0
    found = f"commit {done.stdout[:10]}" if known else "no commit to write beside results"
    yield Finding("git", True if known else None, found, "" if known else "git clone the repository, with git installed")


def records() -> Iterator[Finding]:
    """The run directories, and what W&B has of them."""
    try:
        runs = all_runs()
        states = Counter(run.state() for run in runs)
    except BadInput as error:
        yield Finding("run directories", False, *str(error).split(": ", 1))
        return
    found = ", ".join(f"{count} {state}" for state, count in states.items()) or "none yet"
    stopped = states["failed"] + states["preempted"]
    yield Finding("run directories", True, found, "python -m launch retry '*/*'" if stopped else "")
    waiting = sum(bool(sync.unsynced(run)) for run in runs)
    key = bool(os.environ.get("WANDB_API_KEY"))  # whether there is one; what it is, nobody prints
    found = f"{mirror.mode()}, {'a' if key else 'no'} key in WANDB_API_KEY, {waiting} runs not uploaded"
    upload = "python -m launch sync" if key else "export WANDB_API_KEY=<yours>; python -m launch sync"
    yield Finding("W&B", True, found, upload if waiting else "")


def data() -> Iterator[Finding]:
    rows = registry.listing()
    ready = [f"{row.name} ({row.state.removeprefix('ready, ')})" if "," in row.state else row.name for row in rows if "ready" in row.state]
    absent = [row.name for row in rows if "ready" not in row.state]
    remedy = f"python -m launch data NAME, of {', '.join(absent)}" if absent else ""
    yield Finding("data sets", True if ready else None, ", ".join(ready) or "none prepared", remedy)


def engines() -> Iterator[Finding]:
    """Where else runs can go; none of it is needed here."""
    answers, said = ask_slurm() if shutil.which("sbatch") else (False, "no sbatch on the PATH")
    yield Finding("SLURM", answers or None, said, "" if answers else "sinfo, on a machine of the cluster")
    sky = shutil.which("sky")
    yield Finding("SkyPilot", bool(sky) or None, sky or "no sky on the PATH", "sky check" if sky else "")


def ask_slurm() -> tuple[bool, str]:
    """Whether a controller answers, and what: its partitions, or the last line of the complaint."""
    try:
        done = subprocess.run(["sinfo", "--noheader", "--format=%P %a %D"], capture_output=True, text=True, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    lines = [" ".join(line.split()) for line in (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()]
    return done.returncode == 0, "; ".join(lines) if done.returncode == 0 else (lines or ["no word"])[-1]


CHECKS = (python, packages, devices, disk, git, records, data, engines)
