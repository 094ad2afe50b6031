"""One page with everything, that loads nothing."""

import re
from html.parser import HTMLParser
from types import SimpleNamespace

import fabricated
import pytest
from fabricated import DEMO

from launch import chapter, figure, report
from launch.cli import main

VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Checks that every element is closed, and keeps images and headings."""

    def __init__(self, text: str):
        super().__init__()
        self.open, self.images, self.tags = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "img":
            self.images.append(dict(attributes))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def page(reported, monkeypatch):
    """The text of the page, with the runs folder pointing at what it tells of."""
    monkeypatch.setenv("PAPERCLUB_RUNS", str(reported / "runs"))
    return (reported / "report.html").read_text()


def test_the_page_is_whole_and_holds_everything_itself(page):
    found = Page(page)
    assert not found.open and "$" not in re.sub(r"base64,[^\"]*", "", page)
    assert not re.search(r"(src|href)=\"(?!#|data:)", page) and "@import" not in page and "<script" not in page
    assert {"h1", "h2", "h3", "nav", "main", "figure", "figcaption"} <= set(found.tags)
    assert found.images and all(image["alt"] for image in found.images)
    assert "prefers-color-scheme: dark" in page and "width=device-width" in page


def test_figures_tables_sweeps_comparisons_and_provenance(page):
    assert 'id="infinite_compute/demo"' in page and "ours mean [95% CI] n" in page
    assert "6 done" in page and "val/loss mean [95% CI]" in page and "python -m launch run infinite_compute/demo" in page
    assert "0123456789" in page and "secret-host" not in page


def test_a_sweep_is_compared_by_the_runs_that_are_still_here(tmp_path, monkeypatch):
    monkeypatch.setenv("PAPERCLUB_RUNS", str(tmp_path / "runs"))
    first, *others = fabricated.sweep(fabricated.demo()).runs.values()
    first.dir.path.rename(tmp_path / "aside")
    assert DEMO in report.comparisons()
    damaged = others[0].dir.path / "config.json"
    text = damaged.read_text()
    damaged.write_text(text[:99])
    assert DEMO not in report.comparisons()
    damaged.write_text(text)
    for number, run in enumerate(others):
        run.dir.path.rename(tmp_path / f"aside{number}")
    assert report.comparisons() == "<p>No finished sweep here.</p>"


def test_what_cannot_be_drawn_names_its_command(page):
    assert re.search(r"cells missing: <code>python -m launch figure infinite_compute/fig2 --scale=smoke --run-missing", page)


def test_one_figure_that_fails_does_not_cost_the_page(page, monkeypatch):
    def broken(_):
        raise ZeroDivisionError("<b>")

    monkeypatch.setattr(figure, "draw", broken)
    article = chapter.article(DEMO, "smoke")
    assert article.table is None and "ZeroDivisionError" in article.text and "<b>" not in article.text


def test_a_project_that_states_effects_has_them_checked_on_the_page():
    lines = chapter.effects("infinite_compute", {})
    assert lines == []
    text = chapter.expectations("infinite_compute", [SimpleNamespace(name="U", expected="a minimum", measured="3.2", holds=False)])
    assert "does not" in text and "a minimum" in text


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(figure, "drawable", lambda paper: [])
    (tmp_path / "file").write_text("")
    assert main(["report", f"--out={tmp_path / 'file'}"]) == 2
    assert "--out" in capsys.readouterr().err


@pytest.mark.slow
def test_several_processes_draw_what_one_draws(monkeypatch):
    fabricated.sweep(fabricated.demo())
    monkeypatch.setattr(chapter, "figures", lambda paper: [DEMO, "infinite_compute/fig2"])
    [alone] = report.drawn(["infinite_compute"], "smoke")
    monkeypatch.setattr(report, "MANY", 1)
    [together] = report.drawn(["infinite_compute"], "smoke")
    assert together.text == alone.text and "<img" in alone.text and together.effects == alone.effects
    assert all(one.table.equals(other.table) for one, other in zip(alone.articles, together.articles, strict=True))
