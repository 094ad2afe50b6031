"""Which library draws without a screen: the one that is asked for, else the first that does."""

import pytest

from shared import opengl
from shared.errors import BadInput


@pytest.fixture
def here(monkeypatch):
    """Says which libraries are here, and what a trial of each gives."""

    def say(asked: str, **outcomes: str) -> None:
        monkeypatch.setenv("MUJOCO_GL", asked)
        monkeypatch.setattr(opengl, "find_library", lambda name: opengl.LIBRARIES["egl"] == name or "osmesa" in outcomes)
        monkeypatch.setattr(opengl, "trial", lambda kind: outcomes.get(kind, "ImportError"))

    return say


@pytest.mark.parametrize(("asked", "outcomes", "found"), [
    ("", {"egl": "draws", "osmesa": "draws"}, "egl"),
    ("", {"egl": "ImportError", "osmesa": "draws"}, "osmesa"),  # EGL is there but has no driver
    ("glfw", {"osmesa": "draws"}, "osmesa"),  # that wants a screen
    (" OSMesa ", {"egl": "draws", "osmesa": "draws"}, "osmesa"),
])  # fmt: skip
def test_the_first_that_draws_is_taken(here, asked, outcomes, found):
    here(asked, **outcomes)
    assert opengl.kind("a cube") == found


@pytest.mark.parametrize(("asked", "outcomes", "why"), [
    ("", {"osmesa": "GLError"}, r"\(egl: ImportError; osmesa: GLError\): .* or libosmesa6$"),
    ("", {}, r"\(egl: ImportError\): apt-get install libegl1 libgl1-mesa-dri, or libosmesa6$"),
    ("egl", {"osmesa": "draws"}, r"\(egl: ImportError\): .*, or unset MUJOCO_GL=egl$"),
])  # fmt: skip
def test_where_none_does_each_says_why(here, asked, outcomes, why):
    here(asked, **outcomes)
    with pytest.raises(BadInput, match=f"nothing can draw a cube without a screen {why}"):
        opengl.kind("a cube")


@pytest.mark.slow
def test_a_library_that_crashes_takes_nobody_with_it(monkeypatch):
    monkeypatch.setattr(opengl, "TRIAL", "import os; os.abort()")
    assert opengl.trial("a library that aborts") == "exit code -6"


@pytest.mark.slow
def test_a_trial_does_not_depend_on_what_mujoco_gl_says(monkeypatch):
    found = opengl.trial("egl")
    opengl.trial.cache_clear()
    monkeypatch.setenv("MUJOCO_GL", "bogus")
    assert opengl.trial("egl") == found != "RuntimeError"
