"""A comparison as a part of a page: the folded table, learning curves, parallel coordinates, what differs, how to repeat the best."""

import json
import time
from pathlib import Path

from launch import compare, page
from launch.fold import Comparison

LEAD = "One row per setting: runs that differ in nothing but their seeds are folded into a mean with its 95% interval (Student's t)."


def write(found: Comparison, title: str, path: Path) -> Path:
    """A page of its own. BadInput when it cannot be written."""
    date = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    text = page.page(f"Comparison of {title}", f"{LEAD} Written {date}.", "", page.section("runs", title, body(found, title)), "")
    return page.write(path, text, "--page")


def body(found: Comparison, title: str) -> str:
    """HTML below a heading of the second or third rank."""
    from launch import charts  # here, since matplotlib takes a second
    from launch.figure import rendered

    parts = []
    if found.best:
        parts.append(f"<p>Best {found.metric}: {page.code(compare.repeat(found.best.runs[0]))}</p>")
    parts.append(page.table(f"settings of {title}, best first", compare.head(found), compare.rows(found), best=0 if found.best else -1))
    for draw, alt in (
        (charts.curves, f"learning curves of the settings of {title}"),
        (charts.parallel, f"parallel coordinates of the settings of {title}"),
    ):
        if drawn := draw(found):
            parts.append(page.picture(rendered(drawn, "svg"), f"{alt}: the numbers are in the table above", alt))
    runs = [run for one in found.settings for run in one.runs]
    if len(runs) == 2:
        parts.append(page.table("what differs", ("field", runs[0].id, runs[1].id), compare.differing(*runs)))
    shared = [(key, json.dumps(value)) for key, value in found.shared().items()]
    parts.append(page.details(f"{len(shared)} fields that all share", page.table("what all share", ("field", "value"), shared)))
    return "\n".join(parts)
