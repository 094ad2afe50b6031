"""What the registry knows about one data set or pretrained model."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from shared.errors import BadInput

if TYPE_CHECKING:
    import numpy as np

Say = Callable[[str], None]  # gets a line at each stage


class Article(NamedTuple):
    """One document; the title decides its split and its place in the order, so titles are unique in a data set."""

    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Known:
    """Where something comes from and what may be done with it.

    `fetch(folder, given, say)` puts its files into `folder`, from `given` if the user has them already.
    """

    name: str
    about: str
    licence: str
    how: str  # the command or place it is fetched with
    alternative: str  # what a person does when that is not to be had
    size: int  # bytes to fetch
    space: int  # bytes needed on disk for download and preparation
    network: bool  # False: `fetch` needs none, so loading may prepare it unasked
    fetch: Callable[[Path, Path | None, Say], None]


@dataclass(frozen=True, kw_only=True)
class Fetched(Known):
    """One file that is fetched once and kept."""

    raw: str  # name of the verified file in the cache
    sha256: str  # of `raw`


@dataclass(frozen=True, kw_only=True)
class Source(Fetched):
    """A text. `articles(file)` reads `raw`; everything random comes later, so it is a pure function of the file."""

    tokenizer: str  # the data set whose train text the BPE is trained on
    articles: Callable[[Path], list[Article]]


@dataclass(frozen=True, kw_only=True)
class Pretrained(Fetched):
    """A model with its own tokenizer. `unpack(file, folder)` turns `raw` into a checkpoint that shared.weights reads."""

    unpack: Callable[[Path, Path], None]


@dataclass(frozen=True, kw_only=True)
class Labelled(Known):
    """Inputs with a class each. `decode(folder)` reads the verified files: train and test inputs and labels, by the names of ARRAYS."""

    classes: int
    shape: tuple[int, ...]  # of an input: bytes [H, W, C] or float32 [D]
    files: dict[str, str]  # name -> sha256 of what `fetch` leaves
    decode: Callable[[Path], "dict[str, np.ndarray]"]


ARRAYS = ("train_inputs", "train_labels", "test_inputs", "test_labels")  # uint8 [N, H, W, C] or float32 [N, D]; uint8 [N]


def check_given(given: Path, alternative: str) -> None:
    """Raise BadInput unless the user's file can be read."""
    if not given.is_file():
        raise BadInput(f"--from {given}: there is no such file; {alternative}")
    if not os.access(given, os.R_OK):
        raise BadInput(f"--from {given}: no permission to read it; run chmod u+r {given}")
