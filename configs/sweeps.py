"""Sweep algebra. A sweep is a list (or generator) of flat dicts of dotted overrides; these two functions combine them."""

from collections.abc import Iterable, Iterator
from itertools import product as cartesian

Overrides = dict[str, object]


def product(*sweeps: Iterable[Overrides]) -> Iterator[Overrides]:
    """Every combination of one entry from each sweep; later sweeps vary fastest and win on a shared key."""
    for entries in cartesian(*map(list, sweeps)):
        yield {key: value for entry in entries for key, value in entry.items()}


def chain(*sweeps: Iterable[Overrides]) -> Iterator[Overrides]:
    """One sweep after the other. The launcher runs a repeated entry once."""
    for sweep in sweeps:
        yield from sweep
