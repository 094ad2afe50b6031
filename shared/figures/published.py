"""A paper's own numbers, from its published.toml, and the rows of the table in which ours stand beside them."""

import math
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from shared.stats import Interval

Row = dict[str, object]


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """'fig2.best_300M' -> its value, unit, where it stands and evidence tag; {} for a project without such a file."""
    path = folder / "published.toml"
    tables = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {f"{table}.{key}": entry for table, entries in tables.items() for key, entry in entries.items()}


class Paper:
    """The published numbers of the project in `folder`."""

    def __init__(self, folder: Path):
        self.published = cache(lambda: read(folder))

    def value(self, key: str) -> float:
        """The number alone."""
        return self.published()[key]["value"]

    def known(self, prefix: str, keys: list[str]) -> tuple[list[str], list[float]]:
        """The keys that exist after a prefix, and their numbers: known('fig2.best_', ['150M', ...])."""
        found = [key for key in keys if prefix + key in self.published()]
        return found, [self.value(prefix + key) for key in found]

    def row(self, setting: str, found: Interval | float, quantity: str, key: str = "", note: str = "") -> Row:
        """Ours, and the key of the published number; dropped where there is no such number."""
        one = found if isinstance(found, Interval) else Interval(float(found), math.nan, math.nan, 1)
        return {
            "setting": setting,
            "quantity": quantity,
            "ours": one.mean,
            "low": one.low,
            "high": one.high,
            "n": one.n,
            "published": key if key in self.published() else "",
            "note": note,
        }
