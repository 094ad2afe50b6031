"""The orderings hold in a world made to show them, fail in one turned around, and are unknown without runs."""

import pytest

from projects.dmpc import effects
from tests import made_up
from tests.projects.dmpc import dmpc_tables

TABLES = ("fixed_reward", "ablations", "dynamics_error", "candidates", "novel_reward", "runtime", "novel_dynamics", "distilled")


@pytest.fixture(scope="module")
def world():
    return {name: dmpc_tables.table(name, "cpu") for name in TABLES}


def turned(table):
    """All orders undone: scores change their sign, heights are mirrored, the rest becomes its inverse."""
    for column in made_up.measured(table):
        table = table.assign(**{column: -table[column] if "score" in column else 1 / table[column]})
    if "arrays" in table:
        table = table.assign(arrays=[mirrored(found, row) for found, row in zip(table["arrays"], table.to_dict("records"), strict=True)])
    return table


def mirrored(found, row):
    found = found | {"episode_scores": -found["episode_scores"]}
    if "heights" in found and row["objective.kind"] != "return":
        found["heights"] = found["heights"] + 2.0
    return found


def test_effects_hold_in_a_world_made_to_show_them(world):
    found = effects.check(world)
    assert [effect.name for effect in found if not effect.holds] == []
    assert len(found) == 15


def test_effects_do_not_hold_when_the_numbers_are_turned_around(world):
    assert [effect.name for effect in effects.check({name: turned(table) for name, table in world.items()}) if effect.holds] == []


def test_effects_are_unknown_without_runs(world):
    found = effects.check({name: table.iloc[:0] for name, table in world.items()})
    assert {effect.holds for effect in found} == {None} and len(found) == 15
    unmeasured = effects.check({name: made_up.bare(table) for name, table in world.items()})
    assert {effect.measured for effect in unmeasured} == {"runs missing"}


def test_a_table_that_is_absent_leaves_its_effects_out():
    assert effects.check({}) == []
