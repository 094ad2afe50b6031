"""Config files: find one, load it, override it, resolve it to plain values. A config file is code, so only files below
configs/ are taken."""

import difflib
import importlib
import json
import math
import os
import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from absl import flags
from ml_collections import ConfigDict, config_flags

from launch import authored
from shared.errors import BadInput

ROOT = Path(__file__).resolve().parent.parent
SCALES = ("smoke", "cpu", "gpu", "paper")


@lru_cache
def names() -> list[str]:
    """All config files that are experiments (those with a get_config, but base.py), as paper/name."""
    files = [path for path in sorted((ROOT / "configs").glob("*/*.py")) if path.stem != "base"]
    has = re.compile(rb"^(def get_config|from .* import .*\bget_config\b)", re.MULTILINE)  # its own, or another's taken over
    return [f"{path.parent.name}/{path.stem}" for path in files if has.search(path.read_bytes())]


def load(name: str) -> ModuleType:
    """The module of `paper/name`, given like that or as a path below configs/."""
    short = name if name in names() else located(name)
    with authored.calling(short):
        return importlib.import_module("configs." + short.replace("/", "."))


def located(name: str) -> str:
    """paper/name of a config file that is given as a path. Raises BadInput where there is none."""
    known, short = names(), name.removesuffix(".py")
    path = Path(name)
    if path.suffix == ".py" and os.path.exists(name):
        try:
            short = str(path.resolve().relative_to(ROOT / "configs").with_suffix(""))
        except ValueError:
            raise BadInput(f"{name} lies outside configs/, and a config file is code: move it to configs/<paper>/") from None
    short = short.removeprefix("configs/")
    if short not in known:
        paper = short.split("/")[0]
        papers = sorted({item.split("/")[0] for item in known})
        if paper not in papers:
            raise BadInput(f"no paper {paper!r}{near(paper, papers)}; `python -m launch list` shows them")
        raise BadInput(f"no config {short!r}{near(short, known)}; `python -m launch list {paper}` shows them")
    return short


def claim(name: str) -> str:
    """What a config file says of itself."""
    return (load(name).__doc__ or "").strip()


def near(word: str, words: Iterable[str]) -> str:
    found = difflib.get_close_matches(word, list(words), 1, 0.5)
    return f" (did you mean {found[0]!r}?)" if found else ""


def outside(paper: str, entry: str) -> tuple[str, ...]:
    """The fields that no result of an entry point depends on: OUTSIDE_IDENTITY of configs/<paper>/base.py, if it has one; a tuple for
    all entries, or a dict of tuples by entry. A field is a section, or one field of a section (`data.vocab`)."""
    name = f"configs.{paper}.base"
    if name not in sys.modules and not (ROOT / "configs" / paper / "base.py").exists():
        return ()
    found = getattr(importlib.import_module(name), "OUTSIDE_IDENTITY", ())
    return found.get(entry, ()) if isinstance(found, dict) else found


def name_of(module: ModuleType) -> str:
    return module.__name__.removeprefix("configs.").replace(".", "/")


def check_scale(scale: str) -> None:
    if scale not in SCALES:
        raise BadInput(f"no scale {scale!r}{near(scale, SCALES)}; choose one of {', '.join(SCALES)}")


def base_config(module: ModuleType, scale: str, arguments: list[str]) -> ConfigDict:
    """get_config(scale) with the command line's --config.key=value flags on it, locked but not yet resolved."""
    check_scale(scale)
    config = authored.config(name_of(module), module, scale)
    config.lock()
    stray = [word for word in arguments if not word.startswith("--config.") or "=" not in word]
    if stray:
        raise BadInput(f"{stray[0]!r} is no override: write --config.<field>=<value>")
    wrong = [word for word in arguments if key_of(word) not in flatten(config.to_dict())]
    if wrong:
        fields = flatten(config.to_dict())
        raise BadInput("; ".join(f"no field {key_of(word)!r}{near(key_of(word), fields)}" for word in wrong))
    wrong = [line for line in (override(config, word) for word in arguments) if line]
    if wrong:
        raise BadInput("; ".join(wrong))
    return config


def override(config: ConfigDict, word: str) -> str:
    """Puts one --config.key=value on `config`. Returns what is wrong with it, or ''."""
    node, (*path, last) = config, key_of(word).split(".")
    for part in path:
        node = node[part]
    field = ConfigDict({last: node[last]})  # alone: for every flag absl writes all of a config out, twice
    values, line = flags.FlagValues(), ["launch", f"--config.{last}={word.partition('=')[2]}"]
    config_flags.DEFINE_config_dict("config", field, lock_config=True, flag_values=values, sys_argv=line)
    try:
        values(line)
        node[last] = field[last]
    except (flags.Error, ValueError, TypeError):
        return f"{word}: give a {kind(node[last])}; it is {node[last]!r} now"
    return ""


def kind(value: Any) -> str:
    names = {bool: "truth value (true or false)", int: "whole number", float: "number", str: "text"}
    return names.get(type(value), "list")


def key_of(argument: str) -> str:
    return argument.removeprefix("--config.").split("=")[0]


def flatten(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dict -> {"a.b": value}."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def problems(fields: dict[str, Any], overrides: dict[str, Any]) -> list[str]:
    """What is wrong with a cell of a sweep over a flat config: unknown fields, values of another type."""
    found = []
    for key, value in overrides.items():
        if key not in fields:
            found.append(f"no field {key!r}{near(key, fields)}")
        elif not same_kind(fields[key], value):
            found.append(f"{key} is a {kind(fields[key])}, not {value!r}")
        elif not plain(value):
            found.append(f"{key}={value!r}: JSON cannot say it, use numbers, text, lists")
    return found


def plain(value: Any) -> bool:
    return all(map(plain, value)) if isinstance(value, (list, tuple)) else isinstance(value, (str, int, float))


def same_kind(old: Any, new: Any) -> bool:
    if isinstance(old, bool) or isinstance(new, bool):
        return isinstance(old, bool) and isinstance(new, bool)
    if isinstance(old, float):
        return isinstance(new, (int, float))
    return isinstance(new, type(old)) or (isinstance(old, (list, tuple)) and isinstance(new, (list, tuple)))


def resolved(module: ModuleType, config: ConfigDict, overrides: dict[str, Any]) -> tuple[ConfigDict, dict[str, Any]]:
    """What a run computes with: overrides, then the file's own resolve(). Once as ConfigDict, once as plain values."""
    config, name = config.copy_and_resolve_references().unlock(), name_of(module)
    for key, value in overrides.items():
        *path, last = key.split(".")
        node = config
        for part in path:
            node = node[part]
        node[last] = float(value) if isinstance(node[last], float) else value
    with authored.calling(name):
        module.resolve(config)
        values = json.loads(json.dumps(config.to_dict(), default=refuse))  # tuples -> lists, nothing but JSON
    flat = flatten(values)
    bad = [key for key, value in flat.items() if not finite(value)]
    if bad:
        raise BadInput(f"{name}: {', '.join(bad)}: not a finite number, give one")
    authored.check(name, values, flat)
    return config, values


def finite(value: Any) -> bool:
    return all(map(finite, value)) if isinstance(value, list) else not isinstance(value, float) or math.isfinite(value)


def refuse(value: Any) -> Any:
    raise BadInput(f"a config holds {value!r}, which JSON cannot say: use numbers, strings, lists")
