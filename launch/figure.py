"""The verb figure: a config's finished runs (else the committed results) -> picture and table, the paper's numbers beside.

    out/<paper>/<name>.png .svg    the picture
    out/<paper>/<name>.md  .csv    setting, paper, evidence, ours mean [95% CI] n, ratio, scale note
"""

import argparse
import io
import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module, util
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from launch import beside, configs, results
from launch import plan as planning
from launch.cells import Cells, collect
from launch.plan import Plan, short
from launch.terminal import terminal
from shared.errors import BadInput
from shared.rundir import write_atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROWS = 12  # missing cells listed one by one


@dataclass(frozen=True)
class Drawing:
    """A figure, and the rows of the table beside it."""

    picture: "Figure"
    rows: list[dict[str, Any]]


def rendered(picture: "Figure", kind: str) -> bytes:
    """A picture as png or svg, the same bytes for the same numbers."""
    import matplotlib

    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "paperclub"}):
        picture.savefig(buffer, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else None)
    return buffer.getvalue()


def figure(options: argparse.Namespace, overrides: list[str]) -> int:
    """Exit code 0 when something could be drawn, 1 when nothing could (or a run of --run-missing failed)."""
    plan = planning.build(options.config, options.scale, overrides)
    if options.record and overrides:
        raise BadInput("--record is for the config file as it stands: leave out the overrides")
    functions(plan.name)
    console, code, found = terminal(), 0, collect(plan)
    if options.run_missing and found.missing:
        from launch import start

        code = start.launch(plan, options, overrides, only=found.missing)
        found = collect(plan)
    report_cells(console, found)
    if not found.rows:
        console.print(f"nothing to draw: `{command(plan)} --run-missing` computes what is missing")
        return 1
    for path in write(plan, draw(found), Path(options.out)):
        console.print(f"  {path}", soft_wrap=True)
    if options.record:
        console.print(f"recorded: {results.write(plan, found.rows, found.arrays)}", soft_wrap=True)
    return code


def functions(name: str) -> tuple[Any, Any]:
    """The pure functions NAME(table) and NAME_summary(table) of the project. BadInput when it draws no such figure."""
    paper, config = name.split("/")
    drawn = drawable(paper)
    if config not in drawn:
        named = f"it draws {', '.join(drawn)}" if drawn else "it draws none"
        raise BadInput(f"projects/{paper} draws no {config!r}{configs.near(config, drawn)}; {named}")
    return getattr(module(paper), config), getattr(module(paper), f"{config}_summary")


def drawable(paper: str) -> list[str]:
    """The figures that a project draws, in reading order."""
    return sorted((item.removesuffix("_summary") for item in dir(module(paper)) if item.endswith("_summary")), key=reading_order)


def reading_order(name: str) -> list[tuple[str, int]]:
    """fig2 before fig10, figures before tables."""
    return [(letters, int(digits or 0)) for letters, digits in re.findall(r"([^0-9]+)([0-9]*)", name)]


@cache
def module(paper: str) -> ModuleType | None:
    name = f"projects.{paper}.figures"
    return import_module(name) if util.find_spec(f"projects.{paper}") and util.find_spec(name) else None


def draw(found: Cells) -> Drawing:
    picture, summary = functions(found.plan.name)
    table = found.table()
    return Drawing(picture(table), beside.beside(summary(table), found.plan))


def write(plan: Plan, drawing: Drawing, out: Path) -> list[Path]:
    """The four files. BadInput when `out` cannot be written."""
    stem = out / plan.name
    paths = [stem.with_suffix(suffix) for suffix in (".png", ".svg", ".csv", ".md")]
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
        for path in paths[:2]:
            path.write_bytes(rendered(drawing.picture, path.suffix[1:]))
    except OSError as error:
        raise BadInput(f"cannot write {stem.parent} ({error.strerror}): name another folder with --out") from None
    write_atomic(paths[2], beside.as_csv(drawing.rows))
    write_atomic(paths[3], f"# {plan.name} at scale {plan.scale}\n\n{beside.markdown(drawing.rows)}")
    return paths


def report_cells(console: Console, found: Cells) -> None:
    """Where the numbers come from, and every cell that has none."""
    plan = found.plan
    parts = [f"{found.here} from runs", f"{found.committed} from committed results", f"{len(found.missing)} missing"]
    console.print(f"{plan.name} at scale {plan.scale}: {len(plan.targets)} cells, {', '.join(parts)}")
    if found.strangers:
        console.print(f"{found.strangers} committed runs no longer belong to the config and are ignored")
    if not found.missing:
        return
    table = Table(title="missing cells", title_justify="left")
    for column in ("run", *plan.columns, "state"):
        table.add_column(column)
    for run_id in found.missing[:ROWS]:
        run = plan.runs[run_id]
        state = run.dir.state() if run.dir.path.exists() else "not launched"
        table.add_row(run_id, *(short(run.flat.get(column, "")) for column in plan.columns), state)
    if len(found.missing) > ROWS:
        table.add_row(f"and {len(found.missing) - ROWS} more")
    console.print(table)


def command(plan: Plan) -> str:
    return f"python -m launch figure {plan.name} --scale={plan.scale}"
