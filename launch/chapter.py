"""A paper's part of the report: its claim, the effects that must appear, and every figure with the paper's numbers beside ours."""

import re
from dataclasses import dataclass
from importlib import import_module, util
from typing import TYPE_CHECKING

from launch import beside, configs, figure, page
from launch import plan as planning
from launch.cells import Cells, collect
from shared.errors import BadInput
from shared.figures.effects import Effect, Tables

if TYPE_CHECKING:
    import pandas as pd

VERDICTS = {True: "holds", False: "does not", None: "unknown"}


@dataclass(frozen=True)
class Article:
    """One figure's part, and the table it was drawn from; None when it could not be drawn."""

    name: str  # paper/figure
    text: str
    table: "pd.DataFrame | None" = None


@dataclass(frozen=True)
class Chapter:
    paper: str
    title: str
    articles: list[Article]
    effects: list[Effect]

    @property
    def drawn(self) -> list[Article]:
        return [one for one in self.articles if one.table is not None]

    @property
    def text(self) -> str:
        said = claim(self.paper)
        parts = [f"<p>{page.escape(said)}</p>"] if said else []
        parts += [expectations(self.paper, self.effects), *(one.text for one in self.articles)]
        return page.section(self.paper, self.title, "\n".join(filter(None, parts)) or "<p>No figures yet.</p>")

    @property
    def links(self) -> str:
        """Its place in the contents."""
        inside = [page.link(f"{self.paper}-effects", "effects")] if self.effects else []
        inside += [page.link(one.name, one.name.split("/")[1]) for one in self.drawn]
        return f"<li>{page.link(self.paper, self.title)}{page.listed(inside)}</li>"


def chapter(paper: str, articles: list[Article]) -> Chapter:
    readme = configs.ROOT / "projects" / paper / "README.md"
    title = readme.read_text().splitlines()[0].lstrip("# ") if readme.exists() else paper
    tables = {one.name.split("/")[1]: one.table for one in articles if one.table is not None}
    return Chapter(paper, title, articles, effects(paper, tables))


def figures(paper: str) -> list[str]:
    """The config files of a paper that its project draws."""
    return [name for name in (f"{paper}/{word}" for word in figure.drawable(paper)) if name in configs.names()]


def claim(paper: str) -> str:
    """The paragraph of the project's README that begins so."""
    readme = configs.ROOT / "projects" / paper / "README.md"
    found = re.search(r"^The claim: (.+?)(\n\n|\Z)", readme.read_text() if readme.exists() else "", re.MULTILINE | re.DOTALL)
    text = re.sub(r"[*`]", "", " ".join(found[1].split())) if found else ""
    return text[:1].upper() + text[1:]


def effects(paper: str, tables: Tables) -> list[Effect]:
    """What the paper's project checks by sign and order; most have nothing to check."""
    name = f"projects.{paper}.effects"
    return import_module(name).check(tables) if util.find_spec(f"projects.{paper}") and util.find_spec(name) else []


def expectations(paper: str, found: list[Effect]) -> str:
    """The effects as a table; empty for a paper that states none."""
    if not found:
        return ""
    rows = [(line.name, line.expected, line.measured, VERDICTS[line.holds]) for line in found]
    head = f'<article id="{page.escape(paper)}-effects"><h3>effects that must appear</h3>'
    return f"{head}{page.table(f'effects of {paper}', ('effect', 'expected', 'measured', 'holds'), rows)}</article>"


def article(name: str, scale: str) -> Article:
    short = name.split("/")[1]
    head = f'<article id="{page.escape(name)}"><h3>{page.escape(short)}</h3>'
    try:
        said = " ".join(configs.claim(name).split("\n\n")[0].split())
        head += f"\n<p>{page.escape(said)}</p>"
        found = collect(planning.build(name, scale, []))
        drawing = figure.draw(found) if found.rows else None
        picture = figure.rendered(drawing.picture, "svg") if drawing else b""
    except BadInput as error:
        return Article(name, f'{head}\n<p class="missing">{page.escape(str(error))}</p></article>')
    except Exception as error:  # one figure that fails must not cost the page
        return Article(name, f'{head}\n<p class="missing">could not be drawn: {page.escape(repr(error))}</p></article>')
    if drawing is None:
        return Article(name, f"{head}\n{gaps(found)}</article>")
    source = f"{found.here} cells from runs, {found.committed} from committed results. {page.code(figure.command(found.plan))}"
    numbers = page.table(f"{name}: ours beside the paper's", beside.HEAD, map(beside.cells, drawing.rows))
    legend = f'<p class="soft">{page.escape(beside.legend(drawing.rows))}</p>'
    parts = [head, page.picture(picture, said or short, source), gaps(found), page.details("Numbers, beside the paper's", numbers + legend)]
    return Article(name, "\n".join(parts) + "</article>", found.table())


def gaps(found: Cells) -> str:
    """What is missing, and the command that computes it."""
    if not found.missing:
        return ""
    words = f"{len(found.missing)} of {len(found.plan.targets)} cells missing"
    return f'<p class="missing">{words}: {page.code(f"{figure.command(found.plan)} --run-missing")}</p>'
