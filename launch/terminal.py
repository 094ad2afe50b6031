"""The console that all verbs print to, and the question that some ask before they act."""

import sys

from rich.console import Console

from shared.errors import BadInput

WIDTH_WITHOUT_TERMINAL = 160  # a pipe or a log file has no width of its own


def terminal() -> Console:
    """What is printed is text: a name like [/b] or :+1: is no mark-up."""
    return Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL, markup=False, emoji=False)


def ask(question: str, alone: str, refused: str) -> None:
    """Goes on after a yes. BadInput `refused` after anything else, and `alone`, the remedy, where nobody is there to ask."""
    if not sys.stdin.isatty():
        raise BadInput(f"nobody is here to say yes: {alone}")
    if input(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
        raise BadInput(refused)
