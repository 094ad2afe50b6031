"""The verbs status, logs and cancel. They read the run directories and need no launcher to be alive."""

import argparse
import time

from rich.table import Table

from launch.select import chosen
from launch.sweep import recorded, title
from launch.terminal import terminal
from shared.errors import BadInput
from shared.rundir import FINISHED, RunDir, runs_root

ROWS = 40


def status(options: argparse.Namespace) -> int:
    """One line per sweep, then one per run that matches."""
    console = terminal()
    sweeps = recorded(options.glob or "*")
    if sweeps:
        table = Table(title="sweeps", title_justify="left")
        for column in ("sweep", "scale", "runs", "states"):
            table.add_column(column)
        for item in sweeps:
            states = [RunDir(runs_root() / path).state() for path in item["runs"]]
            counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
            table.add_row(title(item), item["scale"], str(len(states)), counts)
        console.print(table)
    runs = chosen(options.glob)
    if not runs:
        console.print("no runs yet: `python -m launch list` shows what can be launched")
        return 0
    table = Table(title="runs", title_justify="left")
    for column in ("run", "what", "state", "step", "last beat", "number", "error"):
        table.add_column(column, no_wrap=column in ("run", "state"))
    rows = sorted(((run, run.status()) for run in runs), key=lambda pair: -pair[1].get("heartbeat", 0))
    for run, state in rows[:ROWS]:
        table.add_row(*row(run, state))
    console.print(table)
    if len(rows) > ROWS:
        console.print(f"and {len(rows) - ROWS} older ones: name a sweep or a run to see them")
    return 0


def row(run: RunDir, state: dict) -> list[str]:
    numbers = state.get("final") or {k: v for k, v in state.get("last", {}).items() if "loss" in k}
    name, value = next(((k, v) for k, v in numbers.items() if v is not None), ("", None))
    beat = f"{time.time() - state['heartbeat']:.0f} s ago" if state.get("heartbeat") else ""
    error = (state.get("error") or "").strip().splitlines()
    record = run.record()
    return [
        f"{run.path.parent.name}/{run.id}",
        record.get("label", ""),
        run.state(),
        str(state.get("step", 0)),
        beat,
        f"{name} {value:.4f}" if value is not None else "",
        error[-1][:60] if error else "",
    ]


def one(word: str) -> RunDir:
    runs = chosen(word)
    if len(runs) > 1:
        raise BadInput(f"{word!r} means {len(runs)} runs: name one, {runs[0].id} say")
    return runs[0]


def logs(options: argparse.Namespace) -> int:
    """What the worker printed for a run; with -f until the run ends."""
    run = one(options.run)
    path = run.path / "log.txt"
    if not path.exists():
        raise BadInput(f"{run.id} has printed nothing yet: it is {run.state()}")
    with open(path, errors="replace") as file:
        while True:
            text = file.read()
            print(text, end="", flush=True)
            if not options.follow or (not text and not run.claimed()):
                return 0
            time.sleep(0.5 if not text else 0)


def cancel(options: argparse.Namespace) -> int:
    """Marks waiting runs cancelled, and asks working ones to stop: they notice within seconds."""
    said = [stop(run) for run in chosen(options.glob)]
    waiting, working = said.count("cancelled"), said.count("asked")
    if waiting + working:
        more = f" ({working} of them at work: they stop within seconds)" if working else ""
        print(f"{waiting + working} runs cancelled{more}; what they saved stays: `python -m launch retry {options.glob}` goes on from it")
    else:
        print("0 runs cancelled: none of them waits or works")
    return 0


def stop(run: RunDir) -> str:
    """'cancelled' for a run that waited, 'asked' for one that somebody computes, '' for one that ended before."""
    if run.state() in (*FINISHED, "cancelled"):
        return ""
    if not run.claim():
        (run.path / "cancel").touch()
        return "asked"
    try:
        if run.status()["state"] in FINISHED:  # this very moment
            return ""
        run.update(state="cancelled", ended=time.time())
        return "cancelled"
    finally:
        run.release()
