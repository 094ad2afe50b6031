"""The verbs status, logs and cancel. They read the run directories and need no launcher to be alive."""

import argparse
import contextlib
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table

from launch import engines
from launch.engines import State
from launch.progress import LINE_SECONDS, left
from launch.select import chosen
from launch.sweep import recorded, title
from launch.terminal import terminal
from shared.errors import BadInput
from shared.rundir import FINISHED, RunDir, runs_root

ROWS = 40
WATCH_SECONDS = 1.0  # between looks


def status(options: argparse.Namespace) -> int:
    """One line per sweep, then one per run that matches; with --watch until every one of them has ended, or Ctrl-C."""
    console = terminal()
    if options.watch:
        with contextlib.suppress(KeyboardInterrupt):
            watch(console, options.glob)
    parts = look(options.glob).parts()
    for part in parts or ["no runs yet: `python -m launch list` shows what can be launched"]:
        console.print(part)
    return 0


def watch(console: Console, glob: str) -> None:
    """A live table; where nobody watches a terminal, a line of counts now and then. It asks no launcher: it works from any machine
    that sees the run directories."""
    if not console.is_terminal:
        while (found := look(glob)).unfinished:
            console.print(f"{time.strftime('%H:%M:%S')} {counts(found.states.values())}")
            time.sleep(LINE_SECONDS)
        return
    with Live(console=console, auto_refresh=False, screen=True) as live:
        while (found := look(glob)).unfinished:
            live.update(Group(*found.parts(console.height // 2)), refresh=True)
            time.sleep(WATCH_SECONDS)


@dataclass(frozen=True)
class Look:
    """Sweeps and runs at one moment: every status file is read once, however many sweeps share its run."""

    sweeps: list[dict[str, Any]]
    runs: dict[Path, dict[str, Any]]  # those that were asked for -> status.json
    states: dict[Path, str]  # of these and of the sweeps' runs
    jobs: dict[Path, State]  # of unfinished runs that a cluster carries

    @property
    def unfinished(self) -> bool:
        return any(self.states[path] in ("queued", "running") for path in self.runs)

    def parts(self, most: int = ROWS) -> list[RenderableType]:
        """Two tables and what they leave out; nothing where nothing was launched yet."""
        parts: list[RenderableType] = []
        if self.sweeps:
            table = Table(title="sweeps", title_justify="left")
            for column in ("sweep", "scale", "runs", "states"):
                table.add_column(column)
            for item in self.sweeps:
                states = [self.states[runs_root() / path] for path in item["runs"]]
                table.add_row(title(item), item["scale"], str(len(states)), counts(states))
            parts.append(table)
        if self.runs:
            table = Table(title="runs", title_justify="left")
            columns = ("run", "what", "state", *(["job"] if self.jobs else []), "step", "left", "last beat", "number", "error")
            for column in columns:
                table.add_column(column, no_wrap=column in ("run", "state"))
            newest = sorted(self.runs, key=lambda path: (self.states[path] != "running", -self.runs[path].get("heartbeat", 0)))
            for path in newest[:most]:
                cells = row(RunDir(path), self.runs[path], self.states[path])
                job = [self.jobs[path].text if path in self.jobs else ""] if self.jobs else []
                table.add_row(*cells[:3], *job, *cells[3:])
            parts.append(table)
        if len(self.runs) > most:
            parts.append(f"and {len(self.runs) - most} more: name a sweep or a run to see them")
        return parts


def look(glob: str) -> Look:
    sweeps = recorded(glob or "*")
    asked = [run.path for run in chosen(glob)]
    everything = dict.fromkeys([*asked, *(runs_root() / path for item in sweeps for path in item["runs"])])
    statuses = {path: RunDir(path).status() for path in everything}
    states = {path: RunDir(path).state(status) for path, status in statuses.items()}
    jobs = engines.states([RunDir(path) for path in asked if states[path] not in FINISHED])
    for path, job in jobs.items():
        if states[path] == "running" and job.phase not in ("working", "unknown"):
            states[path] = "preempted"  # its node died: the cluster knows sooner than the heartbeat tells
    return Look(sweeps, {path: statuses[path] for path in asked}, states, jobs)


def counts(states: Iterable[str]) -> str:
    """How many are in which state: 3 done, 1 failed."""
    return ", ".join(f"{count} {state}" for state, count in Counter(states).items())


def row(run: RunDir, status: dict[str, Any], state: str) -> list[str]:
    numbers = status.get("final") or {k: v for k, v in status.get("last", {}).items() if "loss" in k}
    name, value = next(((k, v) for k, v in numbers.items() if v is not None), ("", None))
    beat = ago(time.time() - status["heartbeat"]) if status.get("heartbeat") else ""
    error = (status.get("error") or "").strip().splitlines()
    step, steps = status.get("step", 0), status.get("steps", 0)
    return [
        f"{run.path.parent.name}/{run.id}",
        run.record().get("label", ""),
        state,
        f"{step}/{steps}" if steps else str(step),
        left(status) if state == "running" else "",
        beat,
        f"{name} {value:.4f}" if value is not None else "",
        error[-1][:60] if error else "",
    ]


def ago(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def one(word: str) -> RunDir:
    runs = chosen(word)
    if len(runs) > 1:
        raise BadInput(f"{word!r} means {len(runs)} runs: name one, {runs[0].id} say")
    return runs[0]


def logs(options: argparse.Namespace) -> int:
    """What the worker printed for a run; with -f until the run ends."""
    run = one(options.run)
    path, told = run.path / "log.txt", engines.noted(run)
    if not path.exists() and told and Path(told["log"]).is_file():
        path = Path(told["log"])  # its worker has not begun, or never did
    if not path.exists() and told and not told["log"]:  # it is where the job is
        print(engines.logs(told), end="", flush=True)
        return 0
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
    """Marks waiting runs cancelled, and asks working ones to stop: they notice within seconds. A cluster's job that has no other run
    left is taken out of its queue."""
    runs = chosen(options.glob)
    said = [stop(run) for run in runs]
    engines.cancel([run for run, word in zip(runs, said, strict=True) if word == "cancelled"])
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
