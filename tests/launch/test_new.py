"""A paper in ten minutes: what new-paper makes passes every test at once, in a copy of the repository."""

import os
import shutil
import subprocess
import sys

import pytest

from launch import configs, new
from launch.cli import main
from launch.configs import ROOT

KEPT = ("bench", "configs", "launch", "projects", "shared", "tests", "README.md", "WORKSPACE.md", "Makefile", "pyproject.toml")


@pytest.fixture
def root(tmp_path, monkeypatch):
    """An empty repository."""
    monkeypatch.setattr(configs, "ROOT", tmp_path / "root")
    return tmp_path / "root"


def test_every_file_is_new_and_named_after_the_paper(root, capsys):
    assert main(["new-paper", "sixth"]) == 0
    made = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert made == set(new.rooms("sixth")) and "python -m launch figure sixth/fig1" in capsys.readouterr().out
    assert {"configs/sixth/base.py", "projects/sixth/train.py", "tests/configs/test_sixth_configs.py"} <= made
    assert not [path for path in made if "PAPER" in path or "$" in (root / path).read_text() or "PAPER" in (root / path).read_text()]
    assert main(["new-paper", "sixth"]) == 2 and "configs/sixth is there already" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "Sixth", "6th", "my-paper", "my paper", "../up", "class", "a" * 33, "$(touch x)", "a\nb"])
def test_a_name_that_is_no_module_is_one_line(root, capsys, name):
    assert main(["new-paper", name]) == 2
    assert capsys.readouterr().err.count("\n") == 1 and not root.exists()


@pytest.mark.parametrize("taken", ["configs/meshes.py", "projects/meshes", "tests/projects/meshes", "tests/configs/test_meshes_configs.py"])
def test_nothing_is_written_over(root, capsys, taken):
    path = root / taken
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    assert main(["new-paper", "meshes"]) == 2 and f"{taken} is there already" in capsys.readouterr().err
    assert [one for one in root.rglob("*") if one.is_file()] == [path]


def test_a_closed_folder_leaves_nothing_behind(root, capsys):
    (root / "projects").parent.mkdir()
    (root / "projects").write_text("a file where a folder should be")
    assert main(["new-paper", "sixth"]) == 2 and "cannot write" in capsys.readouterr().err
    assert not [path for path in root.rglob("*.py")]


@pytest.mark.slow
def test_the_new_rooms_pass_their_tests_and_draw_their_figure(tmp_path):
    root = tmp_path / "copy"
    root.mkdir()
    for name in KEPT:
        left_out = shutil.ignore_patterns("results", "__pycache__", ".*", *(["projects"] if name == "tests" else []))
        shutil.copytree(ROOT / name, root / name, ignore=left_out) if (ROOT / name).is_dir() else shutil.copy(ROOT / name, root / name)

    def python(*words: str) -> str:
        environment = os.environ | {"PAPERCLUB_RUNS": str(root / "runs"), "PYTHONPATH": str(root)}
        done = subprocess.run([sys.executable, "-m", *words], cwd=root, env=environment, capture_output=True, text=True, timeout=300)
        assert not done.returncode, (done.stdout + done.stderr)[-3000:]
        return done.stdout

    python("launch", "new-paper", "sixth")
    python("ruff", "check", "configs/sixth", "projects/sixth", "tests/configs/test_sixth_configs.py", "tests/projects/sixth")
    tests = ["tests/configs/test_sixth_configs.py", "tests/projects/sixth", "tests/test_rooms.py", "tests/test_front_door.py"]
    assert "failed" not in python("pytest", "-k", "sixth or map", *tests)
    assert "9 done" in python("launch", "sweep", "sixth/fig1", "--scale=smoke", "--yes")
    assert "9 from runs" in python("launch", "figure", "sixth/fig1", "--scale=smoke")
    assert "32 hidden units" in (root / "out" / "sixth" / "fig1.md").read_text()
