"""README.md and WORKSPACE.md say what is there: rooms, verbs, make targets, files they link to."""

import re

import pytest

from launch.cli import parser
from launch.configs import ROOT

PAGES = ("README.md", "WORKSPACE.md", *(str(path.relative_to(ROOT)) for path in ROOT.glob("projects/*/README.md")))


def test_every_verb_is_on_the_map():
    verbs = next(action for action in parser()._actions if action.dest == "verb").choices
    line = next(line for line in (ROOT / "WORKSPACE.md").read_text().splitlines() if line.startswith("`python -m launch list |"))
    assert re.findall(r"[a-z-]+", line.split("launch ")[1].split("`")[0]) == list(verbs)


def test_every_room_is_on_the_map():
    rooms = re.findall(r"^\| `([a-z]+)/", (ROOT / "WORKSPACE.md").read_text(), re.MULTILINE)
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} | {"tests"}
    assert set(rooms) == packages


@pytest.mark.parametrize("page", PAGES)
def test_links_and_pictures_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text()):
        assert ((ROOT / page).parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES)
def test_the_configs_that_commands_name_exist(page):
    from launch.configs import names

    for name in re.findall(r"launch (?:show|run|sweep|figure|compare) ([a-z_]+/[a-zA-Z0-9_]+)", (ROOT / page).read_text()):
        assert name in names(), name


def test_the_targets_of_the_readme_are_in_the_makefile():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make ([a-z]+)", (ROOT / "README.md").read_text(), re.MULTILINE):
        assert f"\n{target}:" in makefile
