"""The verb report: every figure that can be drawn, with its table, the sweeps, the comparisons and where the numbers come from,
bound into one static page, out/report.html. It needs no network, neither to make nor to read."""

import argparse
import base64
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib import import_module, util
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from launch import beside, configs, figure, results
from launch import plan as planning
from launch.cells import Cells, collect
from launch.compare import Comparison, repeat
from launch.select import chosen
from launch.sweep import recorded, title
from launch.terminal import terminal
from shared.errors import BadInput
from shared.figures.effects import Effect, Tables
from shared.rundir import RunDir, read_json, runs_root, write_atomic

if TYPE_CHECKING:
    import pandas as pd

VERDICTS = {True: "holds", False: "does not", None: "unknown"}
TEMPLATE = Path(__file__).parent / "templates" / "report.html"


def report(options: argparse.Namespace) -> int:
    """Exit code 0: the page is there, whatever could be drawn on it."""
    configs.check_scale(options.scale)
    console, sections, links = terminal(), [], []
    drawn = count = 0
    for paper in dict.fromkeys(name.split("/")[0] for name in configs.names()):
        articles = {name: article(name, options.scale) for name in figures(paper)}
        count += len(articles)
        drawn += sum(one.table is not None for one in articles.values())
        found = effects(paper, {name.split("/")[1]: one.table for name, one in articles.items() if one.table is not None})
        sections.append(section(paper, [expectations(paper, found), *(one.text for one in articles.values())]))
        links += [link(name, name.split("/")[1]) for name, one in articles.items() if one.table is not None]
        for line in found:
            verdict = f"{VERDICTS[line.holds]:8} {line.name}: {line.measured} (expected: {line.expected})"
            console.print(verdict, markup=False, soft_wrap=True)
    links += [link(name, name) for name in ("sweeps", "comparisons", "provenance")]
    page = Template(TEMPLATE.read_text()).substitute(
        scale=escape(options.scale),
        date=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        drawn=drawn,
        figures=count,
        nav="\n".join(links),
        papers="\n".join(sections),
        sweeps=sweeps(),
        comparisons=comparisons(),
        provenance=provenance(),
    )
    path = Path(options.out) / "report.html"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, page)
    except (OSError, BadInput):
        raise BadInput(f"cannot write {path}: name another folder with --out") from None
    console.print(f"{drawn} of {count} figures drawn: {path}", markup=False, soft_wrap=True)
    return 0


@dataclass(frozen=True)
class Article:
    """One figure's part of the page, and the table it was drawn from; None when it could not be drawn."""

    text: str
    table: "pd.DataFrame | None" = None


def effects(paper: str, tables: Tables) -> list[Effect]:
    """What the paper's project checks by sign and order; most have nothing to check."""
    name = f"projects.{paper}.effects"
    return import_module(name).check(tables) if util.find_spec(f"projects.{paper}") and util.find_spec(name) else []


def expectations(paper: str, found: list[Effect]) -> str:
    """The effects as a table; empty for a paper that states none."""
    rows = [(line.name, line.expected, line.measured, VERDICTS[line.holds]) for line in found]
    head = f'<article id="{escape(paper)}-effects"><h3>effects that must appear</h3>'
    return f"{head}{table(('effect', 'expected', 'measured', 'holds'), rows)}</article>" if rows else ""


def figures(paper: str) -> list[str]:
    """The config files of a paper that its project draws."""
    return [name for name in (f"{paper}/{word}" for word in figure.drawable(paper)) if name in configs.names()]


def section(paper: str, articles: list[str]) -> str:
    readme = configs.ROOT / "projects" / paper / "README.md"
    title = readme.read_text().splitlines()[0].lstrip("# ") if readme.exists() else paper
    body = "\n".join(articles) or "<p>No figures yet.</p>"
    return f'<section aria-labelledby="{escape(paper)}"><h2 id="{escape(paper)}">{escape(title)}</h2>\n{body}\n</section>'


def article(name: str, scale: str) -> Article:
    claim = " ".join((configs.load(name).__doc__ or "").split("\n\n")[0].split())
    head = f'<article id="{escape(name)}"><h3>{escape(name.split("/")[1])}</h3>\n<p>{escape(claim)}</p>'
    try:
        found = collect(planning.build(name, scale, []))
        drawing = figure.draw(found) if found.rows else None
    except BadInput as error:
        return Article(f'{head}\n<p class="missing">{escape(str(error))}</p></article>')
    except Exception as error:  # one figure that fails must not cost the page
        return Article(f'{head}\n<p class="missing">could not be drawn: {escape(repr(error))}</p></article>')
    if drawing is None:
        return Article(f"{head}\n{gaps(found)}</article>")
    svg = base64.b64encode(drawing.bytes("svg")).decode()
    caption = f"{found.here} cells from runs, {found.committed} from committed results. <code>{escape(figure.command(found.plan))}</code>"
    text = "\n".join(
        [
            head,
            f'<figure><div class="wide"><img alt="{escape(claim)}" src="data:image/svg+xml;base64,{svg}"></div>',
            f"<figcaption>{caption}</figcaption></figure>",
            gaps(found),
            "<details><summary>Numbers, beside the paper's</summary>",
            table(beside.HEAD, map(beside.cells, drawing.rows)),
            f'<p class="soft">{escape(beside.legend(drawing.rows))}</p></details></article>',
        ]
    )
    return Article(text, found.table())


def gaps(found: Cells) -> str:
    """What is missing, and the command that computes it."""
    if not found.missing:
        return ""
    words = f"{len(found.missing)} of {len(found.plan.targets)} cells missing"
    return f'<p class="missing">{words}: <code>{escape(figure.command(found.plan))} --run-missing</code></p>'


def sweeps() -> str:
    rows = []
    for item in recorded():
        states = [RunDir(runs_root() / path).state() for path in item["runs"]]
        counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
        rows.append((title(item), item["scale"], str(len(states)), counts))
    return table(("sweep", "scale", "runs", "states"), rows) if rows else "<p>None launched from here.</p>"


def comparisons() -> str:
    """For every sweep launched from here, its settings with seeds folded, best first."""
    parts = []
    for name in dict.fromkeys(item["name"] for item in recorded()):
        try:
            found = Comparison(chosen(name))
        except BadInput:  # its runs were moved away
            continue
        if found.best:
            rows = [tuple(row) for row in found.rows()]
            best = f'<p class="soft">* best: <code>{escape(repeat(found.best.runs[0]))}</code></p>'
            parts.append(f"<details><summary>{escape(name)}</summary>{table(found.head, rows, best=0)}{best}</details>")
    return "\n".join(parts) or "<p>No finished sweep here.</p>"


def provenance() -> str:
    """One row per committed table and per place that computed a part of it."""
    rows = []
    for path in sorted((results.ROOT / "projects").glob("*/results/*/*.json")):
        record = read_json(path)
        for group in record["made"]:
            versions = ", ".join(f"{name} {version}" for name, version in group["versions"].items())
            rows.append(
                (
                    record["config"],
                    record["scale"],
                    record["date"],
                    str(len(group["runs"])),
                    f"{sum(group['runs'].values()) / 60:.1f} min",
                    f"{group['device']}, {group['cores']} cores per worker",
                    f"Python {group['python']}, {versions}",
                    group["commit"][:10] + (" with changes" if group["modified"] else ""),
                )
            )
    head = ("config", "scale", "recorded", "runs", "worker time", "device", "versions", "commit")
    return table(head, rows) if rows else "<p>No results are committed yet.</p>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], best: int = -1) -> str:
    """A table that scrolls sideways where the screen is narrow; row `best` stands out."""
    top = "".join(f'<th scope="col">{escape(text)}</th>' for text in head)
    lines = []
    for index, row in enumerate(rows):
        mark = ' class="best"' if index == best else ""
        lines.append(f"<tr{mark}>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>")
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>\n' + "\n".join(lines) + "\n</tbody></table></div>"


def link(anchor: str, text: str) -> str:
    return f'<a href="#{escape(anchor)}">{escape(text)}</a>'
