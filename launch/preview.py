"""What a launch would do, before it does it; and what it did, after."""

import subprocess
from collections import Counter
from collections.abc import Collection
from functools import lru_cache

from rich.console import Console
from rich.table import Table

from configs.meshes import Mesh
from launch.configs import ROOT
from launch.layout import held
from launch.pack import Pack, arrange
from launch.plan import Plan, RunSpec, short
from launch.sweep import Sweep
from shared.rundir import FINISHED

ROWS = 12


def todo(plan: Plan, rerun: str, again: Collection[str] = ()) -> list[str]:
    """The runs that this launch computes: all that are not finished, and what --rerun asks for besides; in a retry, of the runs `again`
    alone. What was cancelled, and what needs it, waits for a retry."""
    states = {run_id: run.dir.state() for run_id, run in plan.runs.items()}
    cancelled = set() if again else {run_id for run_id, state in states.items() if state == "cancelled"}
    may = again or plan.runs
    wanted = [run_id for run_id, run in plan.runs.items() if states[run_id] not in FINISHED or (run_id in may and repeats(run, rerun))]
    return [run_id for run_id in wanted if not cancelled & plan.ancestry(run_id)] if cancelled else wanted


def repeats(run: RunSpec, rerun: str) -> bool:
    match rerun:
        case "all":
            return True
        case "diverged":
            return run.dir.state() == "diverged"
        case "stale":
            return stale(run)
    return False


# What only looks at results, or asks for runs, or shows a finished model: no change there changes a number that a run measured.
AFTERWARDS = (
    "figures", "figures.py", "tables.py", "laws.py", "effects.py", "published.py", "certificate.py", "certify.py",
    "camera.py", "film.py", "generate.py", "reach.py", "stream.py", "timeline.py",
)  # fmt: skip


def stale(run: RunSpec) -> bool:
    """Whether the code that computes a finished run has changed since its commit: its paper's folder but for what draws and
    tabulates, or shared/. Changes that are not committed count; a file that git does not know yet is not seen."""
    from shared.rundir import read_json

    commit = read_json(run.dir.path / "env.json").get("commit", "")
    return bool(commit) and changed_since(commit, run.paper)


@lru_cache
def changed_since(commit: str, paper: str) -> bool:
    besides = [f":!projects/{paper}/{name}" for name in AFTERWARDS]
    words = ["git", "diff", "--quiet", commit, "--", f"projects/{paper}/*.py", "shared", ":!shared/stats.py", ":!shared/figures", *besides]
    return subprocess.run(words, cwd=ROOT, capture_output=True).returncode == 1


def show(console: Console, plan: Plan, waiting: list[str], mesh: Mesh, width: int) -> None:
    """Count, the columns that vary, done / running / to run, packs (`width` of them at once), cost."""
    title = f"{plan.name} at scale {plan.scale}"
    columns = plan.columns
    table = Table(title=title, title_justify="left")
    for column in ["run", *columns, "state"]:
        table.add_column(column)
    for target in plan.targets[:ROWS]:
        run = plan.runs[target]
        table.add_row(target, *(short(run.flat.get(column, "")) for column in columns), run.dir.state())
    if len(plan.targets) > ROWS:
        table.add_row("...", *("" for _ in columns), f"{len(plan.targets) - ROWS} more")
    console.print(table)
    states = [run.dir.state() for run in plan.runs.values()]
    done, running = sum(state in FINISHED for state in states), states.count("running")
    needed = len(plan.runs) - len(plan.targets)
    same = f", {plan.duplicates} of them the same as another" if plan.duplicates else ""
    console.print(f"{len(plan.targets) + plan.duplicates} cells{same}; {needed} runs that they need besides")
    work = [plan.runs[run_id] for run_id in waiting]
    packs = arrange(work, width, mesh)
    flops = sum(run.flops for run in work)
    minutes = flops / (mesh.rate * mesh.devices * width) / 60
    held = f"{states.count('cancelled')} cancelled, " if "cancelled" in states else ""
    console.print(
        f"{done} done, {running} running, {held}{len(work)} to run in {len(packs)} packs on {width} workers: "
        f"{flops:.1e} FLOPs, about {minutes:.1f} min at {mesh.rate * mesh.devices * width:.0e} FLOP/s"
        + (f", ${minutes / 60 * mesh.devices * width * mesh.device.price:,.2f} at list price" if mesh.device.price else "")
    )
    for line in lying(packs) if mesh.memory else []:
        console.print(line, highlight=False)


def lying(packs: list[Pack]) -> list[str]:
    """How packs lie on their mesh: one line for those that lie alike."""
    alike = Counter((len(pack.runs), pack.mesh, round(held(pack.runs[0], pack.mesh, len(pack.runs)), -8)) for pack in packs)
    lines = []
    for (members, mesh, taken), count in alike.items():
        axes = " x ".join(f"{name} {length}" for name, length in mesh.axes.items() if length > 1) or "one device"
        full = f"about {taken / 1e9:.1f} of {mesh.memory / 1e9:.0f} GB" + ("" if taken <= mesh.memory else ": MAY NOT FIT")
        each = f", {members // mesh.member} on a device" if members % mesh.member == 0 and members > mesh.member else ""
        lines.append(f"  {count} x {members} member{'s' if members > 1 else ''} on {axes}{each}; {full} of each {mesh.device.name}")
    return lines


def summary(console: Console, plan: Plan, work: Sweep) -> None:
    """One line per kind of end, one per failure."""
    states = {run_id: run.dir.state() for run_id, run in plan.runs.items()}
    counts = {state: list(states.values()).count(state) for state in dict.fromkeys(states.values())}
    console.print(f"{plan.name}: " + ", ".join(f"{count} {state}" for state, count in counts.items()))
    for run_id, run in plan.runs.items():
        if states[run_id] in ("failed", "diverged"):
            lines = run.dir.status().get("error", "").strip().splitlines()
            console.print(f"  {states[run_id]} {run_id} {plan.label(run_id)}: {lines[-1] if lines else ''}")
        elif run_id in work.blocked:
            console.print(f"  blocked {run_id} {plan.label(run_id)}: {work.blocked[run_id]}")
    if work.engine.outlives and work.jobs:
        console.print(
            f"{len(work.jobs)} jobs go on without this launcher: `python -m launch status {plan.name}` shows them, "
            f"`python -m launch cancel {plan.name}` ends them, the same command watches them"
        )
    elif "failed" in counts:
        console.print(f"`python -m launch logs RUN` shows what happened; `python -m launch retry {plan.name}` tries again")
    elif "cancelled" in counts:
        console.print(f"`python -m launch retry {plan.name}` takes up what was cancelled")
    elif not set(counts) <= set(FINISHED):
        console.print("the same command goes on where this stopped")
