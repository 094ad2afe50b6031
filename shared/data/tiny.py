"""A text small enough to be committed: 29 early State of the Union addresses. For tests and the scale `smoke`."""

import shutil
from collections.abc import Callable
from pathlib import Path

from shared.data.source import Article, Source, check_given

COMMITTED = Path(__file__).parent / "tiny" / "addresses.txt"


def fetch(folder: Path, given: Path | None, say: Callable[[str], None]) -> None:
    if given is not None:
        check_given(given, SOURCE.alternative)
    shutil.copyfile(given or COMMITTED, folder / COMMITTED.name)


def articles(file: Path) -> list[Article]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return [Article(title.removeprefix("# "), text) for title, text in zip(lines[::2], lines[1::2], strict=True)]


SOURCE = Source(
    name="tiny",
    about="29 State of the Union addresses, 1790 to 1816, 1820 and 1863, 0.4 MB, for tests",
    licence="public domain (US federal works)",
    how="committed in shared/data/tiny",
    alternative="git checkout shared/data/tiny",
    raw=COMMITTED.name,
    sha256="eba9ca587de7d9dca3be7433389ad6605b06dbf91c83299f1206dc708e3a25a9",
    size=449484,
    space=5_000_000,
    tokenizer="tiny",
    network=False,
    fetch=fetch,
    articles=articles,
)
