"""The paper's own numbers, from published.toml."""

import tomllib
from functools import cache
from pathlib import Path


@cache
def published() -> dict[str, dict]:
    """'tableA.ssd_average' -> its value, unit, where it stands and evidence tag."""
    tables = tomllib.loads((Path(__file__).parent / "published.toml").read_text())
    return {f"{table}.{key}": entry for table, rows in tables.items() for key, entry in rows.items()}


def value(key: str) -> float:
    """The number alone."""
    return published()[key]["value"]


def known(prefix: str, keys: list[str]) -> tuple[list[str], list[float]]:
    """The keys that exist after a prefix, and their numbers: known('batch.tok_s_b', ['1', '2'])."""
    found = [key for key in keys if prefix + key in published()]
    return found, [value(prefix + key) for key in found]
