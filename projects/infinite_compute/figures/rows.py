"""The rows of the table that the launcher prints beside a figure: our mean, its interval, and the key of the paper's number."""

import math

from projects.infinite_compute import published
from projects.infinite_compute.laws import Limit
from projects.infinite_compute.tables import COUNTERPART, Cell, Ensemble
from shared.figures.published import Row
from shared.stats import Interval


def row(setting: str, found: Interval | float, key: str = "", quantity: str = "validation loss", note: str = "") -> Row:
    """`key` is dropped when the paper gives no such number."""
    return published.row(setting, found, quantity, key, note)


def cell_row(name: str, cell: Cell, key: str = "") -> Row:
    """A trained setting: `n` counts seeds."""
    return row(f"{name}, {cell.model}", cell.loss, key, note=f"{cell.epochs} epochs, lr {cell.lr:g}, wd {cell.decay:g}")


def limit_row(name: str, limit: Limit, key: str = "") -> Row:
    """An asymptote: `n` counts the points of its fit, not seeds. A refused fit has no number, only its reason."""
    interval = limit.interval if not limit.fit.refused else Interval(math.nan, math.nan, math.nan, limit.fit.n)
    return row(name, interval, key, "asymptote", f"{limit.note}; n counts the points of the fit")


def ensemble_rows(name: str, ensemble: Ensemble, key: str = "") -> list[Row]:
    """One row per K; `key` gets the suffix _k1, _k2, ..."""
    note = f"{ensemble.epochs} epochs, lr {ensemble.lr:g}, wd {ensemble.decay:g}"
    pairs = zip(ensemble.sizes, ensemble.losses, strict=True)
    return [row(f"{name}, {ensemble.model}, K = {k:.0f}", loss, f"{key}_k{k:.0f}", note=note) for k, loss in pairs]


def counterpart(model: str) -> str:
    """The paper's model in whose place one of ours stands."""
    return COUNTERPART.get(model, "")
