"""The console that all verbs print to."""

import sys

from rich.console import Console

WIDTH_WITHOUT_TERMINAL = 160  # a pipe or a log file has no width of its own


def terminal() -> Console:
    return Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL)
