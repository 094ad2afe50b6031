"""The verb data: what there is, or fetch and prepare one."""

import argparse
from pathlib import Path

from rich.table import Table

from launch.terminal import terminal
from shared.data import registry
from shared.errors import BadInput


def data(options: argparse.Namespace) -> int:
    console = terminal()
    if not options.name:
        if options.source:
            raise BadInput("--from needs the name of a data set: python -m launch data NAME --from FILE")
        table = Table()
        for column in ("name", "licence", "fetched MB", "state", "path"):
            table.add_column(column, justify="right" if column == "fetched MB" else "left")
        for row in registry.listing():
            table.add_row(row.name, row.licence, f"{row.size / 1e6:.1f}", row.state, str(row.path))
        console.print(table)
        console.print("`python -m launch data NAME` prepares one, a text with --vocab V; --from FILE takes a copy fetched by other means")
        return 0
    given = Path(options.source) if options.source else None
    if options.name in registry.MODELS:
        console.print(f"{options.name}: {registry.model(options.name, given)}", soft_wrap=True)
        return 0
    folder = registry.prepare(options.name, options.vocab, given)
    what = options.name if options.name in registry.LABELLED else f"{options.name} with vocabulary {options.vocab}"
    console.print(f"{what}: {folder}", soft_wrap=True)
    return 0
