"""What a reproduction must show, by sign and order: lines of the report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

Tables = Mapping[str, "pd.DataFrame"]  # by the name of their figure


@dataclass(frozen=True)
class Effect:
    """`holds` is None when the runs it needs are not there."""

    name: str
    expected: str
    measured: str
    holds: bool | None


def effect(name: str, expected: str, measured: str = "", holds: bool | None = None) -> Effect:
    return Effect(name, expected, measured or "runs missing", None if holds is None else bool(holds))


def judge(checks: Mapping[str, Sequence[Callable[["pd.DataFrame"], Effect]]], tables: Tables) -> list[Effect]:
    """Figure by figure: every check of it on its table. A table that is absent leaves its effects out."""
    return [one(tables[name]) for name, group in checks.items() if name in tables for one in group]
