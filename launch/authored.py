"""Calls into config files. Their code is somebody's own: what goes wrong there is said in one line that names the place, and what
comes back is looked at before it is used."""

import math
import reprlib
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from types import ModuleType
from typing import Any

from ml_collections import ConfigDict

from shared.errors import BadInput


@contextmanager
def calling(what: str) -> Iterator[None]:
    """ValueError is how a config file says what a person chose wrong; any other error is a mistake in the file."""
    try:
        yield
    except (BadInput, KeyboardInterrupt, GeneratorExit):
        raise
    except ValueError as error:
        raise BadInput(f"{what}: {error}") from None
    except BaseException as error:
        raise BadInput(f"{what}: {type(error).__name__} in {place(error)}: {error}") from None


def place(error: BaseException) -> str:
    """'configs/toy/fig1.py, line 12': the innermost line below configs/, where there is one."""
    if isinstance(error, SyntaxError):
        return shortened(error.filename or "?", error.lineno)
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if "/configs/" in frame.filename and "/launch/" not in frame.filename]
    frame = (inside or frames)[-1]
    return shortened(frame.filename, frame.lineno)


def shortened(file: str, line: int | None) -> str:
    _, found, rest = file.rpartition("/configs/")
    return f"configs/{rest}, line {line}" if found else f"{file}, line {line}"


def config(name: str, module: ModuleType, scale: str) -> ConfigDict:
    """get_config(scale)."""
    with calling(name):
        made = module.get_config(scale)
    if not isinstance(made, ConfigDict):
        raise BadInput(f"{name}: get_config({scale!r}) gives {reprlib.repr(made)}: return a ConfigDict")
    return made


def cells(name: str, sweep: Any, base: ConfigDict, most: int) -> list[dict[str, Any]]:
    """What a sweep yields: `most` of them, and one more if there are more."""
    with calling(f"the sweep of {name}"):
        found = list(islice(sweep(base), most + 1))
    for cell in found:
        if not isinstance(cell, dict) or not all(isinstance(key, str) for key in cell):
            raise BadInput(f"the sweep of {name}: {reprlib.repr(cell)} is no dict of overrides")
    return found


def needs(name: str, module: ModuleType, settings: ConfigDict) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """The runs that a run consumes: by name, each as (config file, overrides); none for a file without needs()."""
    if not hasattr(module, "needs"):
        return {}
    with calling(name):
        asked = {key: [wanted] if isinstance(wanted, tuple) else list(wanted) for key, wanted in module.needs(settings).items()}
    for key, pairs in asked.items():
        for pair in pairs:
            if not isinstance(key, str) or not isinstance(pair, tuple) or list(map(type, pair)) != [str, dict]:
                raise BadInput(f"{name}: needs() asks for {reprlib.repr(pair)}: give (config file, overrides)")
            if not all(isinstance(field, str) for field in pair[1]):
                raise BadInput(f"{name}: needs() asks for {reprlib.repr(pair)}: overrides go by the names of fields")
    return asked


def cost(name: str, module: ModuleType, settings: ConfigDict) -> tuple[float, float, float]:
    """FLOPs, bytes of device memory, and those of them that are state (0 where the file does not tell)."""
    with calling(name):
        found = module.cost(settings)
        numbers = float(found["flops"]), float(found["bytes"]), float(found.get("state", 0.0))
    if not all(math.isfinite(number) and number >= 0 for number in numbers):
        raise BadInput(f"{name}: cost() gives {reprlib.repr(found)}: give finite numbers, flops and bytes")
    return numbers


def check(name: str, plain: dict[str, Any], flat: dict[str, Any]) -> None:
    """What the launcher itself reads of a resolved config."""
    for field in ("entry", "mesh", "scale"):
        if not isinstance(plain.get(field), str):
            raise BadInput(f"{name}: config.{field} is {reprlib.repr(plain.get(field))}: give a text")
    if not plain["entry"].isidentifier():
        raise BadInput(f"{name}: config.entry={plain['entry']!r} is no module of projects/{name.split('/')[0]}")
    packable = plain.get("packable")
    if not isinstance(packable, list) or not all(isinstance(key, str) for key in packable):
        raise BadInput(f"{name}: config.packable is {reprlib.repr(packable)}: give the names of fields, or ()")
    for key in packable:
        if isinstance(flat.get(key), bool) or not isinstance(flat.get(key), (int, float)):
            raise BadInput(f"{name}: config.packable names {key!r}, which is no number of this config")
