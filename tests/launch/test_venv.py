"""launch/venv.sh, with a Python that only says that it runs."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "launch" / "venv.sh"
STAND_IN = """#!/bin/sh
case "$1 $2" in
    "-m venv") rm -rf .venv/*; mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
esac
"""


@pytest.fixture
def build(tmp_path):
    """Builds .venv in a folder of its own."""
    commands, clone = tmp_path / "commands", tmp_path / "clone"
    commands.mkdir()
    clone.mkdir()
    python = commands / "python3.13"
    python.write_text(STAND_IN)
    python.chmod(0o755)
    env = {"PATH": f"{commands}:{os.environ['PATH']}", "HOME": str(tmp_path), "PYENV_ROOT": str(tmp_path)}
    return clone, lambda: subprocess.run(["sh", SCRIPT], cwd=clone, env=env, check=True, capture_output=True, text=True)


def test_it_starts_from_nothing(build):
    clone, run = build
    (clone / ".venv").mkdir()
    (clone / ".venv" / "old").touch()
    assert "building .venv" in run().stdout
    assert {path.name for path in (clone / ".venv").iterdir()} == {"bin"}


def test_the_environment_of_another_clone_stays(build, tmp_path):
    clone, run = build
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "theirs").touch()
    (clone / ".venv").symlink_to(tmp_path / "other")
    run()
    assert (clone / ".venv" / "bin" / "python").exists() and not (clone / ".venv").is_symlink()
    assert (tmp_path / "other" / "theirs").exists()
