"""Markdown tables that are printed row by row, as the numbers come."""


def title(*cells: object) -> None:
    print()
    row(*cells)
    row(*["---"] * len(cells))


def row(*cells: object) -> None:
    print(f"| {' | '.join(map(str, cells))} |", flush=True)
