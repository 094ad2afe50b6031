"""OpenGL that draws without a screen, for pictures of MuJoCo's models: by EGL, else in software by OSMesa."""

import os
import subprocess
import sys
from ctypes.util import find_library
from functools import cache
from importlib import import_module
from typing import Any

from shared.errors import BadInput

LIBRARIES = {"egl": "EGL", "osmesa": "OSMesa"}  # of MUJOCO_GL the values that want no screen, and what each of them loads
TRIAL = """
import sys
from importlib import import_module
try:
    import_module(f"mujoco.{sys.argv[1]}").GLContext(8, 8).make_current()
    print("draws")
except Exception as error:  # of whatever kind OpenGL's library raises
    print(type(error).__name__)
"""


def kind(what: str) -> str:
    """egl or osmesa: as MUJOCO_GL says, else the first that draws. Raises BadInput, about a picture of `what`, where none does."""
    asked = os.environ.get("MUJOCO_GL", "").strip().lower()
    kinds = [asked] if asked in LIBRARIES else [kind for kind, library in LIBRARIES.items() if find_library(library)]
    outcomes = {}
    for one in kinds:
        outcomes[one] = trial(one)
        if outcomes[one] == "draws":
            return one
    why = "; ".join(f"{one}: {outcome}" for one, outcome in outcomes.items()) or "neither EGL nor OSMesa is there"
    other = f", or unset MUJOCO_GL={asked}" if asked in LIBRARIES else ""
    raise BadInput(f"nothing can draw {what} without a screen ({why}): apt-get install libegl1 libgl1-mesa-dri, or libosmesa6{other}")


@cache
def trial(kind: str) -> str:
    """'draws', or what goes wrong. In a process of its own: where one library fails, PyOpenGL takes no other, and what was half made
    complains again at its end."""
    words = [sys.executable, "-c", TRIAL, kind]
    done = subprocess.run(words, env=os.environ | {"MUJOCO_GL": kind}, capture_output=True, text=True)  # mujoco itself reads it
    return done.stdout.strip() or f"exit code {done.returncode}"


def context(what: str, side: int) -> Any:
    """A context of `side` x `side` pixels, made the current one. Not by way of mujoco.Renderer, whose kind is settled when mujoco is first
    imported. Raises BadInput as `kind`."""
    made = import_module(f"mujoco.{kind(what)}").GLContext(side, side)
    made.make_current()
    return made
