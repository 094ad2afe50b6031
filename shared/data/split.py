"""Which articles are for training, and in which order: decided by the title alone.

A title's place never depends on the other articles, on a random state or on a library's version, so no article can
move between splits and any number of first tokens is a subset of any larger number.
"""

import hashlib

from shared.data.source import Article

SPLITS = ("train", "val", "test")
VAL, TEST = range(4), range(4, 8)  # of 100


def number(salt: str, title: str) -> int:
    """A fixed 64-bit number for a title; other salts give independent numbers."""
    return int.from_bytes(hashlib.sha256(f"{salt}/{title}".encode()).digest()[:8])


def split_of(title: str) -> str:
    place = number("split", title) % 100
    return "val" if place in VAL else "test" if place in TEST else "train"


def split(articles: list[Article]) -> dict[str, list[Article]]:
    """The articles of each split, in the one fixed shuffled order."""
    parts = {name: [] for name in SPLITS}
    for article in sorted(articles, key=lambda article: (number("order", article.title), article.title)):
        parts[split_of(article.title)].append(article)
    return parts
