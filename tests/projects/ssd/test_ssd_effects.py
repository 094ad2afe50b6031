"""The orderings hold in a world made by the theory, fail in one turned around, and are unknown without runs."""

import pytest

from projects.ssd import effects
from shared.stats import Interval
from tests.projects.ssd import ssd_world

TABLES = ("tableA", "fig3", "fig4", "fig5", "fig6", "ksweep", "fsweep", "theorem7")
RATES = ("p_hit", "a_p", "tok_s/ssd", "E_miss", "p_hit_batch")


@pytest.fixture(scope="module")
def world():
    return {name: ssd_world.table(name, "cpu") for name in TABLES}


def test_effects_hold_in_a_world_made_to_show_them(world):
    found = effects.check(world)
    assert len(found) == 14
    assert not [effect for effect in found if not effect.holds]


def test_effects_do_not_hold_when_the_numbers_are_turned_around(world):
    turned = {}
    for name, table in world.items():
        columns = [column for column in table if column in RATES or column.startswith("rate/primary") and not column.endswith("/se")]
        turned[name] = table.assign(**{column: table[column].min() + table[column].max() - table[column] for column in columns})
    found = {effect.name: effect.holds for effect in effects.check(turned)}
    assert sum(map(bool, found.values())) <= 4, found


def test_effects_of_missing_runs_are_unknown(world):
    failed = {name: table.assign(state="failed") for name, table in world.items()}
    assert {effect.holds for effect in effects.check(failed)} == {None}


def test_effects_of_runs_that_measured_nothing_are_unknown(world):
    bare = {name: table[[column for column in table if "." in column or column in ("state", "run_id")]] for name, table in world.items()}
    assert {effect.holds for effect in effects.check(bare)} == {None}


def test_nothing_is_checked_without_tables():
    assert effects.check({}) == []


def test_noise_is_no_counterexample():
    wide = [Interval(0.50, 0.45, 0.55, 1), Interval(0.49, 0.44, 0.54, 1)]
    sharp = [Interval(0.50, 0.499, 0.501, 1), Interval(0.49, 0.489, 0.491, 1)]
    assert effects.rising(wide) and not effects.rising(sharp)
