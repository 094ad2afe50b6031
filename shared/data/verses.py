"""The King James Bible, a verse a document: 31,102 of them, independent enough to be drawn as samples.

The text travels inside a Debian package, compressed by the program that shows it.
"""

from pathlib import Path

from shared.data import deb, lzw
from shared.data.source import Article, Say, Source
from shared.errors import BadInput

PACKAGE, RAW = "bible-kjv-text", "bible.data"
INSTALLED = Path("/usr/lib")
ALTERNATIVE = f"get Debian's {PACKAGE}_*_all.deb on a machine that has apt-get, and run python -m launch data verses --from FILE"
WINDOW = 88  # bytes: where the file's head counts its windows, whose offsets follow


def fetch(folder: Path, given: Path | None, say: Say) -> None:
    """Put the text's file into the folder."""
    deb.fetch(deb.Package(PACKAGE, "2 MB", INSTALLED, (RAW,), ALTERNATIVE), "verses", folder, given, say)


def articles(file: Path) -> list[Article]:
    """One verse a document, named as in the file (Ge1:1). Raises BadInput."""
    data = file.read_bytes()
    try:
        # all windows are one stream, behind their offsets
        text = lzw.expand(data[WINDOW + 4 + 4 * (int.from_bytes(data[WINDOW : WINDOW + 4]) + 1) :]).decode("ascii")
        lines = text.splitlines()[1:]  # the first one is the title
        return [Article(*line.split(" ", 1)) for line in lines]
    except (ValueError, TypeError) as error:
        raise BadInput(f"{file} does not hold the verses ({error}): {ALTERNATIVE}") from None


SOURCE = Source(
    name="verses",
    about="31,102 verses of the King James Bible, a document each, 4 MB",
    licence="public domain (translated in 1611)",
    how=f"apt-get download {PACKAGE}",
    alternative=ALTERNATIVE,
    raw=RAW,
    sha256="6c746c2acc8a34bfded980883ff1701a5d68934a1c853ebf88a07b978fe0ae0e",
    size=2_445_000,
    space=30_000_000,
    tokenizer="verses",
    network=True,
    fetch=fetch,
    articles=articles,
)
