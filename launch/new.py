"""The verb new-paper: the two rooms of a sixth paper, filled with the smallest experiment that has everything, and its tests.

The files lie in templates/paper, at the paths they will have: PAPER in a path and $paper in a text become the name.
"""

import argparse
import keyword
import re
from pathlib import Path
from string import Template

from launch import configs
from launch.terminal import terminal
from shared.errors import BadInput

TEMPLATES = Path(__file__).parent / "templates" / "paper"
SUFFIX = ".template"
NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


def new_paper(options: argparse.Namespace) -> int:
    """Writes the files, all of them new; BadInput, and nothing written, for a name that cannot be or is taken."""
    name, console = options.name, terminal()
    files = rooms(name)
    taken = [path for path in (*places(name), *files) if (configs.ROOT / path).exists()]
    if taken:
        raise BadInput(f"{taken[0]} is there already: choose another name, or move it away")
    written: list[Path] = []
    try:
        for path, text in files.items():
            (configs.ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            written.append(configs.ROOT / path)
            written[-1].write_text(text)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        raise BadInput(f"cannot write {error.filename} ({error.strerror}): make {configs.ROOT} yours, or free some space") from None
    configs.names.cache_clear()
    for path in files:
        console.print(f"  {path}")
    console.print(
        f"one network on a noisy wave, to be replaced by the paper's own. It works as it is:\n"
        f"  python -m launch sweep {name}/fig1 --scale=smoke --yes\n"
        f"  python -m launch figure {name}/fig1 --scale=smoke\n"
        f"  python -m pytest tests/test_rooms.py {tests(name)}\n"
        f"Put a line into the table of README.md; WORKSPACE.md says what each file is for.",
    )
    return 0


def rooms(name: str) -> dict[str, str]:
    """Path below the root -> text. BadInput for a name that is no module."""
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise BadInput(f"{name!r} is no name for a paper: take small letters, digits and _, a letter first, 32 at most")
    found = sorted(path for path in TEMPLATES.rglob(f"*{SUFFIX}"))
    paths = [str(path.relative_to(TEMPLATES)).removesuffix(SUFFIX).replace("PAPER", name) for path in found]
    return {path: Template(source.read_text()).substitute(paper=name) for path, source in zip(paths, found, strict=True)}


def places(name: str) -> list[str]:
    """What must not be there yet: a folder of that name in a room, or a module."""
    return [f"{room}/{name}{end}" for room in ("configs", "projects", "tests/projects") for end in ("", ".py")]


def tests(name: str) -> str:
    return f"tests/configs/test_{name}_configs.py tests/projects/{name}"
