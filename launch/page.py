"""A static page that loads nothing: its frame, tables and pictures. It reads on paper, on a phone and aloud."""

import base64
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from string import Template

from shared.errors import BadInput
from shared.rundir import write_atomic

TEMPLATE = Path(__file__).parent / "templates" / "page.html"


def page(title: str, lead: str, nav: str, main: str, foot: str) -> str:
    """All but the title is HTML."""
    return Template(TEMPLATE.read_text()).substitute(title=escape(title), lead=lead, nav=nav, main=main, foot=foot)


def write(path: Path, text: str, option: str) -> Path:
    """BadInput, with the option that names the place, when it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text)
    except (OSError, BadInput):
        raise BadInput(f"cannot write {path}: name another place with {option}") from None
    return path


def section(anchor: str, title: str, body: str) -> str:
    mark = escape(anchor)
    return f'<section aria-labelledby="{mark}"><h2 id="{mark}">{escape(title)}</h2>\n{body}\n</section>'


class Html(str):
    """Text that is HTML already, and not to be escaped."""


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], best: int = -1) -> str:
    """A table that scrolls sideways where the screen is narrow, by keys too; row `best` stands out. Cells are text or Html."""
    top = "".join(f'<th scope="col">{escape(text)}</th>' for text in head)
    lines = []
    for index, row in enumerate(rows):
        first, *rest = [text if isinstance(text, Html) else escape(text) for text in row]
        mark = ' class="best"' if index == best else ""
        lines.append(f'<tr{mark}><th scope="row">{first}</th>' + "".join(f"<td>{text}</td>" for text in rest) + "</tr>")
    name, rows = escape(caption), "\n".join(lines)
    inside = f"<table><caption>{name}</caption><thead><tr>{top}</tr></thead><tbody>\n{rows}\n</tbody></table>"
    return scrolling(inside, name)


def picture(svg: bytes, alt: str, caption: str) -> str:
    """`caption` is HTML."""
    image = f'<img alt="{escape(alt)}" src="data:image/svg+xml;base64,{base64.b64encode(svg).decode()}">'
    return f"<figure>{scrolling(image, 'picture')}<figcaption>{caption}</figcaption></figure>"


def scrolling(inside: str, name: str) -> str:
    """What is wider than a phone: a region that the keyboard can reach, and then move."""
    return f'<div class="wide" tabindex="0" role="region" aria-label="{name}">{inside}</div>'


def details(summary: str, body: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>{body}</details>"


def listed(items: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>" if items else ""


def code(text: str) -> Html:
    return Html(f"<code>{escape(text)}</code>")


def link(anchor: str, text: str) -> Html:
    return Html(f'<a href="#{escape(anchor)}">{escape(text)}</a>')
