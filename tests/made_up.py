"""Tables of runs that were never made: the cells of a figure's real sweep, for worlds that make their numbers up."""

import importlib
import zlib
from collections.abc import Iterator

import numpy as np
import pandas as pd
from ml_collections import ConfigDict


def cells(paper: str, name: str, scale: str, keep: float = 1.0) -> Iterator[tuple[ConfigDict, dict]]:
    """Resolved config, and what the rows of its run have in common; `keep` is the share of cells that were run."""
    module = importlib.import_module(f"configs.{paper}.{name}")
    seen = set()
    for number, overrides in enumerate(module.sweep(module.get_config(scale))):
        config = module.get_config(scale)
        config.update_from_flattened_dict(overrides)
        config = module.resolve(config)
        flat = flatten(config.to_dict())
        key = repr(sorted(flat.items()))
        if key in seen or (number * 7919 % 100) / 100 >= keep:
            continue
        seen.add(key)
        yield config, {**flat, "run_id": f"run{number:04d}", "state": "done"}


def noise(*words: object) -> np.random.Generator:
    """The same for the same words."""
    return np.random.default_rng(zlib.crc32("".join(map(str, words)).encode()))


def flatten(tree: dict, prefix: str = "") -> dict:
    flat = {}
    for key, value in tree.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def bare(table: pd.DataFrame) -> pd.DataFrame:
    """The config fields of runs that measured nothing."""
    return table[[column for column in table if column in ("run_id", "state", "step", "seed", "scale", "entry") or "." in column]]


def measured(table: pd.DataFrame) -> list[str]:
    """The columns of numbers."""
    fields = {*bare(table), "mesh", "arrays", "packable"}
    return [column for column in table if column not in fields]
