"""A prepared data set on disk: `<cache>/<name>/v<vocab>/` with one file of uint16 tokens a split.

meta.json is written last but read first: it holds the size and sha256 of every other file.
"""

import json
from pathlib import Path
from typing import Any

from shared.data import cache

FORMAT = 1  # raised when cleaning, splitting or encoding changes: older folders are prepared again
META = "meta.json"
TOKENIZER = "tokenizer.json"


def directory(name: str, vocab: int) -> Path:
    return cache.root() / name / f"v{vocab}"


def checkpoint(name: str) -> Path:
    """Where a pretrained model lies once unpacked."""
    return cache.root() / name / "model"


def examples(name: str) -> Path:
    """Where labelled examples lie."""
    return cache.root() / name / "examples"


def tokens_file(split: str) -> str:
    return f"{split}.u16"


def record(folder: Path, facts: dict[str, Any]) -> None:
    """Write meta.json: the facts, and size and sha256 of the files that lie there."""
    paths = sorted(folder.iterdir())
    files = {path.name: {"size": path.stat().st_size, "sha256": cache.digest(path)} for path in paths}
    text = json.dumps({"format": FORMAT, **facts, "files": files}, indent=1)
    (folder / META).write_text(text + "\n", encoding="utf-8")


def meta(folder: Path) -> dict[str, Any]:
    return json.loads((folder / META).read_text(encoding="utf-8"))


def problem(folder: Path, deep: bool = False) -> str:
    """What is wrong with the folder, in a few words, or "". Sizes are always compared, contents only when `deep`."""
    try:
        if not folder.is_dir():
            return "is not there"
        facts = meta(folder)
        if facts["format"] != FORMAT:
            return f"was prepared in format {facts['format']}, not {FORMAT}"
        files = facts["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return f"has no readable {META}"
    for name, known in files.items():
        path = folder / name
        if not path.is_file():
            return f"lacks {name}"
        if path.stat().st_size != known["size"]:
            return f"has {path.stat().st_size} bytes in {name}, not {known['size']}"
        if deep and cache.digest(path) != known["sha256"]:
            return f"has a wrong sha256 in {name}"
    return ""
