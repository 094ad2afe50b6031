"""The verb report: every figure that can be drawn, with its table, the sweeps, the comparisons and where the numbers come from,
bound into one static page, out/report.html. It needs no network, neither to make nor to read."""

import argparse
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from launch import chapter, comparison, configs, page, results
from launch.chapter import VERDICTS, Chapter
from launch.fold import Comparison
from launch.measured import on_disk
from launch.status import counts, look
from launch.sweep import recorded, title
from launch.terminal import terminal
from shared.errors import BadInput
from shared.rundir import read_json, run_at, runs_root

MANY = 12  # figures that take longer to draw than a process to start


def report(options: argparse.Namespace) -> int:
    """Exit code 0: the page is there, whatever could be drawn on it."""
    configs.check_scale(options.scale)
    console = terminal()
    chapters = drawn(dict.fromkeys(name.split("/")[0] for name in configs.names()), options.scale)
    for one in (effect for found in chapters for effect in found.effects):
        console.print(f"{VERDICTS[one.holds]:8} {one.name}: {one.measured} (expected: {one.expected})", soft_wrap=True)
    count = f"{sum(len(one.drawn) for one in chapters)} of {sum(len(one.articles) for one in chapters)} figures drawn"
    path = page.write(Path(options.out) / "report.html", text(chapters, options.scale, count), "--out")
    console.print(f"{count}: {path}", soft_wrap=True)
    return 0


def drawn(papers: Iterable[str], scale: str) -> list[Chapter]:
    """Every paper's part of the page; where there are many figures, a process per core draws, and checks the papers' effects."""
    names = {paper: chapter.figures(paper) for paper in papers}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if sum(map(len, names.values())) < MANY or cores < 2:
        return written(names, scale, map)
    with ProcessPoolExecutor(min(cores, 8), get_context("spawn")) as pool:
        return written(names, scale, pool.map)


def written(names: dict[str, list[str]], scale: str, each: Callable[..., Iterable[Any]]) -> list[Chapter]:
    """`each`: map, or that of a pool."""
    all = [name for some in names.values() for name in some]
    articles = dict(zip(all, each(chapter.article, all, repeat(scale)), strict=True))
    inside = [[articles[name] for name in some] for some in names.values()]
    return list(each(chapter.chapter, names, inside))


def text(chapters: list[Chapter], scale: str, count: str) -> str:
    lead = (
        f"Report at scale <strong>{page.escape(scale)}</strong>, written {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}: {count}. "
        'Grey panels and the column "paper" hold the paper\'s own numbers, with their evidence.'
    )
    tail = {"sweeps": sweeps(), "comparisons": comparisons(), "provenance": provenance()}
    sections = [page.section("overview", "Overview", overview(chapters)), *(one.text for one in chapters)]
    sections += [page.section(name, name.capitalize(), body) for name, body in tail.items()]
    links = [f"<li>{page.link('overview', 'Overview')}</li>", *(one.links for one in chapters)]
    links += [f"<li>{page.link(name, name.capitalize())}</li>" for name in tail]
    foot = f"Made by {page.code(f'python -m launch report --scale={scale}')}. Everything on this page is in this one file."
    return page.page("Paper Club", lead, f"<ul>{''.join(links)}</ul>", "\n".join(sections), foot)


def overview(chapters: list[Chapter]) -> str:
    """One row per paper."""
    rows = []
    for one in chapters:
        verdicts = [effect.holds for effect in one.effects]
        said = [f"{verdicts.count(kind)} {'do not' if kind is False else words}" for kind, words in VERDICTS.items() if kind in verdicts]
        rows.append((page.link(one.paper, one.title), f"{len(one.drawn)} of {len(one.articles)}", ", ".join(said) or "none stated"))
    return page.table("papers", ("paper", "figures drawn", "effects that must appear"), rows)


def sweeps() -> str:
    found, rows = look(""), []
    for item in found.sweeps:
        states = [found.states[runs_root() / path] for path in item["runs"]]
        rows.append((title(item), item["scale"], str(len(states)), counts(states)))
    head = ("sweep", "scale", "runs", "states")
    return page.table("sweeps launched from here", head, rows) if rows else "<p>None launched from here.</p>"


def comparisons() -> str:
    """For every sweep launched from here, its settings with seeds folded, best first."""
    sweeps: dict[str, dict[str, None]] = {}  # name -> its runs
    for item in recorded():
        sweeps.setdefault(item["name"], {}).update(dict.fromkeys(item["runs"]))
    parts = []
    for name, paths in sweeps.items():
        try:
            found = Comparison([on_disk(run) for run in map(run_at, paths) if run.record()])  # the others were moved away
        except BadInput:  # a file that is damaged must not cost the page
            continue
        if found.best:
            parts.append(page.details(name, comparison.body(found, name)))
    return "\n".join([f"<p>{comparison.LEAD}</p>", *parts]) if parts else "<p>No finished sweep here.</p>"


def provenance() -> str:
    """For every paper one row per committed table and per place that computed a part of it."""
    rows: dict[str, list[tuple[str, ...]]] = {}
    for path in sorted((results.ROOT / "projects").glob("*/results/*/*.json")):
        record = read_json(path)
        for group in record["made"]:
            versions = ", ".join(f"{name} {version}" for name, version in group["versions"].items())
            rows.setdefault(record["config"].split("/")[0], []).append(
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
    tables = [page.details(paper, page.table(f"committed results of {paper}", head, lines)) for paper, lines in rows.items()]
    return "\n".join(tables) or "<p>No results are committed yet.</p>"
