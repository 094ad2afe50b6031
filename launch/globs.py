"""Patterns on the command line."""

import argparse
from pathlib import PurePath


def fits(name: str | PurePath, pattern: str) -> bool:
    """Whether a path, or its end, is what the pattern says; nothing is what '.' or '/' says."""
    try:
        return PurePath(name).match(pattern)
    except ValueError:
        return False


def given(text: str) -> str:
    """A pattern that somebody meant: an unset variable of a shell is not "all of them"."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty: name a sweep or a run, or '*' for all")
    return text
