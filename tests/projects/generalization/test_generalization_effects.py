"""The orderings hold in the runs of scale smoke, fail in a table turned around, and are unknown without runs."""

import pandas as pd

from projects.generalization import effects
from projects.generalization.figures.reading import finished

COUNT = 16
MEASURED = (
    "train", "inside", "test", "train_error", "test_error", "evidence", "norm", "undetermined", "determined", "parameters", "function",
)  # fmt: skip


def test_effects_hold_in_the_runs_of_scale_smoke(tables):
    found = effects.check(tables)
    assert [f"{one.name}: {one.measured}" for one in found if not one.holds] == []
    assert len(found) == COUNT


def test_effects_do_not_hold_when_the_numbers_are_turned_around(tables):
    def turned(table: pd.DataFrame) -> pd.DataFrame:
        changes = {column: 1 - table[column] if column.endswith(("error", "evidence")) else 1 / (table[column] + 1e-9)
                   for column in MEASURED if column in table}  # fmt: skip
        return table.assign(**changes)

    found = effects.check({name: turned(table) for name, table in tables.items()})
    assert [one.name for one in found if one.holds] == []


def test_effects_are_unknown_without_runs(tables):
    found = effects.check({name: finished(table).iloc[:0] for name, table in tables.items()})
    assert len(found) == COUNT and all(one.holds is None and one.measured == "runs missing" for one in found)
    assert effects.check({}) == []
