"""The verb sync: uploads what W&B logged offline. Safe to repeat: W&B marks what it has uploaded.

A run that was resumed left one offline folder per attempt. All of them go to W&B in one call, oldest first, which merges
the fragments of one id in the order they were started.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from launch.configs import ROOT
from launch.measured import on_disk, require_key
from launch.select import chosen
from launch.sweep import recorded
from launch.terminal import terminal
from shared.rundir import RunDir

PATIENCE = 600  # seconds for one run


def sync(options: argparse.Namespace) -> int:
    """Exit code 1 when something could not be uploaded."""
    require_key()
    console = terminal()
    runs = chosen("" if options.glob == "*" else options.glob)
    alive = [run for run in runs if run.claimed()]
    waiting = {run: unsynced(run) for run in runs if run not in alive and unsynced(run)}
    failed = []
    for run, folders in waiting.items():
        error = upload(folders)
        if error:
            failed.append(run)
            console.print(f"{run.id}: {error}", soft_wrap=True)
    rest = len(runs) - len(waiting) - len(alive)
    console.print(f"{len(waiting) - len(failed)} runs uploaded, {len(failed)} failed, {rest} had nothing new, {len(alive)} still running")
    if options.report:
        for name in dict.fromkeys(item["name"] for item in recorded(options.glob)):
            console.print(f"{name}: {publish(name)}", soft_wrap=True)
    return 1 if failed else 0


def publish(name: str) -> str:
    """The address of a report on W&B of what was launched as `name`."""
    from launch import wandb_report
    from launch.fold import Comparison

    return wandb_report.publish(name, Comparison(list(map(on_disk, chosen(name)))))


def unsynced(run: RunDir) -> list[Path]:
    """All offline folders of a run, oldest first (the name begins with the time), if any of them is not uploaded yet."""
    folders = sorted((run.path / "wandb").glob("offline-run-*"))
    return folders if any(map(pending, folders)) else []


def pending(folder: Path) -> bool:
    """Whether a log in the folder lacks the mark that W&B leaves beside it."""
    return any(not log.with_suffix(".wandb.synced").exists() for log in folder.glob("*.wandb"))


def upload(folders: list[Path]) -> str:
    """What went wrong, '' when all is up. `wandb sync` ends with 0 also when it did nothing, so the marks decide."""
    words = [sys.executable, "-m", "wandb", "sync", *map(str, folders)]
    try:
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return f"no answer within {PATIENCE} s: call sync again"
    if done.returncode == 0 and not any(map(pending, folders)):
        return ""
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[-1] if lines else f"`wandb sync` ended with {done.returncode} and left no mark"
