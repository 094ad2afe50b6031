"""The verb gc: deletes what nobody needs any more, and never a result. Preview first.

    checkpoints    of finished runs; of failed, cancelled and preempted ones that nobody touched for --days (a retry begins at step 0)
    temporary      files that a crash left half written, in run directories and in the cache
    compiled       programs that no process has used for --days

What a run measured, its weights, tables, logs, and results put aside by --rerun are no waste, whatever their age.
"""

import argparse
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from launch.select import chosen
from launch.terminal import ask, terminal
from shared.data import cache
from shared.rundir import FINISHED, RunDir

HOUR, DAY = 3_600.0, 86_400.0
HALF_WRITTEN = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")  # shared.rundir.write_atomic
SCRATCH = re.compile(r"tmp[a-z0-9_]{8}|\..+\.(partial|damaged)")  # tempfile's, shared.data.cache's


@dataclass(frozen=True)
class Waste:
    kind: str
    path: Path
    run: RunDir | None = None  # whose claim is held while it goes

    @property
    def size(self) -> int:
        """Bytes."""
        files = [self.path] if self.path.is_file() else [path for path in self.path.rglob("*") if path.is_file()]
        return sum(path.lstat().st_size for path in files)


def gc(options: argparse.Namespace) -> int:
    console, old = terminal(), time.time() - options.days * DAY
    runs = chosen(options.glob)
    found = [waste for run in runs for waste in of_run(run, old)]
    if not options.glob:
        found += of_cache(old)
    if not found:
        console.print("nothing to delete")
        return 0
    table = Table(title="what can go", title_justify="left")
    for column in ("what", "count", "MB", "for example"):
        table.add_column(column, justify="right" if column in ("count", "MB") else "left", overflow="fold")
    sizes = {waste: waste.size for waste in found}
    for kind in dict.fromkeys(waste.kind for waste in found):
        group = [waste for waste in found if waste.kind == kind]
        table.add_row(kind, str(len(group)), f"{sum(sizes[one] for one in group) / 1e6:.1f}", str(group[0].path))
    console.print(table)
    if options.dry:
        return 0
    if not options.yes:
        ask(f"delete {len(found)} of these?", "add --yes to delete, or --dry for the preview alone", "nothing deleted")
    freed = sum(sizes[waste] for waste in found if delete(waste))
    console.print(f"{freed / 1e6:.1f} MB freed")
    return 0


def of_run(run: RunDir, old: float) -> Iterator[Waste]:
    """What lies in a run that nobody computes now; `old` is the time before which a checkpoint is one that nobody comes back for."""
    if run.claimed():
        return
    status = run.status()
    checkpoints, finished = run.path / "ckpt", status.get("state") in FINISHED
    beat = status.get("heartbeat", run.path.stat().st_mtime)
    if checkpoints.exists() and (finished or beat < old):
        yield Waste(f"checkpoints of {'finished runs' if finished else 'runs left for long'}", checkpoints, run)
    for path in run.path.iterdir():
        half = HALF_WRITTEN.fullmatch(path.name) or path.name == "claim.takeover"
        if half and path.stat().st_mtime < time.time() - HOUR:
            yield Waste("half-written files of runs", path, run)
    if not finished and beat >= old:
        yield from (Waste("half-written checkpoints", path, run) for path in checkpoints.glob("*tmp*"))


def of_cache(old: float) -> Iterator[Waste]:
    """Half-made data sets that no process of today can be making, and compiled programs out of use."""
    root, yesterday = cache.root(), time.time() - DAY
    for path in (*root.glob("*"), *root.glob("*/*")):
        if SCRATCH.fullmatch(path.name) and path.stat().st_mtime < yesterday:
            yield Waste("half-made data sets", path)
    for path in (root / "compiled").glob("*"):
        if path.is_file() and max(path.stat().st_atime, path.stat().st_mtime) < old:
            yield Waste("compiled programs out of use", path)


def delete(waste: Waste) -> bool:
    """False when somebody has taken the run up since."""
    if waste.run and not waste.run.claim():
        return False
    try:
        shutil.rmtree(waste.path, ignore_errors=True) if waste.path.is_dir() else waste.path.unlink(missing_ok=True)
        return not waste.path.exists()
    finally:
        if waste.run:
            waste.run.release()
