"""What the registry knows about one data set or pretrained model."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from shared.errors import BadInput


class Article(NamedTuple):
    """One document; the title decides its split and its place in the order, so titles are unique in a data set."""

    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """Something fetched once and kept: where it comes from and what may be done with it.

    `fetch(folder, given, say)` puts the verified file `raw` into `folder`, from `given` if the user has it already.
    """

    name: str
    about: str
    licence: str
    how: str  # the command or place it is fetched with
    alternative: str  # what a person does when that is not to be had
    raw: str  # name of the verified file in the cache
    sha256: str  # of `raw`
    size: int  # bytes of `raw`
    space: int  # bytes needed on disk for download and preparation
    network: bool  # False: `fetch` needs none, so loading may prepare it unasked
    fetch: Callable[[Path, Path | None, Callable[[str], None]], None]


@dataclass(frozen=True, kw_only=True)
class Source(Fetched):
    """A text. `articles(file)` reads `raw`; everything random comes later, so it is a pure function of the file."""

    tokenizer: str  # the data set whose train text the BPE is trained on
    articles: Callable[[Path], list[Article]]


@dataclass(frozen=True, kw_only=True)
class Pretrained(Fetched):
    """A model with its own tokenizer. `unpack(file, folder)` turns `raw` into a checkpoint that shared.weights reads."""

    unpack: Callable[[Path, Path], None]


def check_given(given: Path, alternative: str) -> None:
    """Raise BadInput unless the user's file can be read."""
    if not given.is_file():
        raise BadInput(f"--from {given}: there is no such file; {alternative}")
    if not os.access(given, os.R_OK):
        raise BadInput(f"--from {given}: no permission to read it; run chmod u+r {given}")
