"""Two domains out of Python packages: the source files of a web framework, and the docstrings of a graph library."""

import ast
import inspect
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from shared.data.source import Article, Source
from shared.data.wheel import in_wheel

SHORTEST = 200  # characters; less is an empty __init__.py or a one-line remark


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


def source(wheel: dict[str, Any], about: str, licence: str, articles: Callable[[Path], list[Article]]) -> Source:
    # English and code in one text: the BPE of `docs` serves every domain.
    return Source(**wheel, about=about, licence=licence, space=60_000_000, tokenizer="docs", articles=articles)


CODE = source(
    in_wheel("code", "django==5.2.8", "37e687f7bd73ddf043e2b6b97cfe02fcbb11f2dbb3adccc6a2b18c6daa054d7f", 8_289_692),
    "Python source files of Django, 5 MB", "BSD-3-Clause (Django Software Foundation and contributors)", code,
)  # fmt: skip
DOCS = source(
    in_wheel("docs", "networkx==3.6.1", "d47fbf302e7d9cbbb9e2555a0d267983d2aa476bac30e90dfbe5669bd57f3762", 2_068_504),
    "docstrings of NetworkX, 2 MB", "BSD-3-Clause (NetworkX developers)", docstrings,
)  # fmt: skip
