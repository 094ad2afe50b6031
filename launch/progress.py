"""A live table while a sweep runs; plain lines where nobody watches a terminal."""

import time
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table as RichTable

from launch.engines import Job
from launch.plan import Plan
from launch.sweep import Sweep
from shared.rundir import FINISHED

LINE_SECONDS = 20.0  # between lines when the output is no terminal
ROWS = 20


class Table:
    """Shows a Sweep: one line per pack at work (the first ROWS of them), and the count of what is done."""

    def __init__(self, console: Console, plan: Plan):
        self.console, self.plan = console, plan
        self.live = Live(console=console, refresh_per_second=2, transient=True) if console.is_terminal else None
        self.started, self.said = time.monotonic(), 0.0
        self.finished: set[str] = set()

    def __enter__(self) -> "Table":
        if self.live:
            self.live.start()
        return self

    def __exit__(self, *_: Any) -> None:
        if self.live:
            self.live.stop()

    def update(self, work: Sweep) -> None:
        self.finished |= {run_id for run_id in self.plan.runs if run_id not in work.waiting}
        head = f"{len(self.finished)}/{len(self.plan.runs)} finished, {minutes(time.monotonic() - self.started)}"
        jobs = [job for job in work.jobs if job.state.phase != "waiting"]
        if len(work.jobs) > len(jobs):
            head += f", {len(work.jobs) - len(jobs)} jobs wait on {work.engine.name}"
        if self.live:
            self.live.update(self.render(jobs, head))
        elif time.monotonic() - self.said > LINE_SECONDS:
            self.said = time.monotonic()
            self.console.print(f"{head}; " + "; ".join(" ".join(row(self.plan, job)) for job in jobs[:ROWS]))

    def render(self, jobs: list[Job], head: str) -> RichTable:
        table = RichTable(title=f"{self.plan.name} ({self.plan.scale}): {head}", title_justify="left")
        for column in ("runs", "first", "step", "loss", "tokens/s", "left"):
            table.add_column(column)
        for job in jobs[:ROWS]:
            table.add_row(*row(self.plan, job))
        return table


def row(plan: Plan, job: Job) -> list[str]:
    """How a pack stands, by its first member that still runs."""
    run = next((run for run in job.pack.runs if run.dir.state() not in FINISHED), job.pack.runs[0])
    status = run.dir.status()
    last = status.get("last", {})
    step, steps = status.get("step", 0), status.get("steps", 0)
    numbers = [last.get("train/loss") or last.get("val/loss"), last.get("perf/tokens_per_s")]
    return [
        f"{len(job.pack.runs)} x {run.config['entry']}",
        plan.label(run.id) or run.id,
        f"{step}/{steps}" if steps else str(step),
        f"{numbers[0]:.4f}" if numbers[0] else "",
        f"{numbers[1]:.0f}" if numbers[1] else "",
        left(status),
    ]


def left(status: dict[str, Any]) -> str:
    """Minutes that a training will still take at the pace of this attempt; '' where that is not known."""
    step, steps = status.get("step", 0), status.get("steps", 0)
    elapsed = time.time() - status.get("started", time.time())
    return minutes(elapsed * (steps - step) / step) if step and steps > step else ""


def minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
