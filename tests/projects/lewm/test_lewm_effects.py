"""The orderings hold in a world made to show them, fail in one turned around, and are unknown without runs."""

import pandas as pd
import pytest

from projects.lewm import effects
from tests import made_up
from tests.projects.lewm import lewm_tables

TABLES = (
    "fig6", "fig10", "fig13", "table1", "table3", "collapse", "fig18", "fig17", "fig16", "fig15", "table5", "table7", "table8", "table9",
    "table10", "protocol", "fig3", "fig9", "fig7", "fig8",
)  # fmt: skip
COUNT = 32
# what no turning around undoes, since they say that things are alike
ALIKE = {"pairs from held-out episodes", "ViT and ResNet-18", "directions and knots of SIGReg", "seeds of LeWM"}


@pytest.fixture(scope="module")
def world():
    return {name: lewm_tables.table(name, "cpu") for name in TABLES}


SHARES = ("success", "detected", "auroc", "alarms", "neighbours")  # the first words of columns


def turned(table):
    """All orders undone, within columns and between them: shares become what is left of 1, the rest its inverse."""
    for column in set(made_up.measured(table)) - {"pairs", "horizon"}:
        kind = column.split("/")[0]
        if "straightness" in column:
            table = table.assign(**{column: -table[column]})
        elif kind in SHARES or column.endswith("/r"):
            table = table.assign(**{column: 1 - table[column]})
        else:
            table = table.assign(**{column: 1 / table[column]})
    return table


def test_effects_hold_in_a_world_made_to_show_them(world):
    found = effects.check(world)
    assert [effect.name for effect in found if not effect.holds] == []
    assert len(found) == COUNT


def test_effects_do_not_hold_when_the_numbers_are_turned_around(world):
    found = effects.check({name: turned(table) for name, table in world.items()})
    holding = {effect.name for effect in found if effect.holds} - ALIKE
    assert not holding


def test_effects_of_missing_runs_are_unknown(world):
    failed = {name: table.assign(state="failed") for name, table in world.items()}
    assert {effect.holds for effect in effects.check(failed)} == {None}


def test_effects_of_runs_that_measured_nothing_are_unknown(world):
    bare = {name: made_up.bare(table) for name, table in world.items()}
    assert {effect.holds for effect in effects.check(bare)} == {None}


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.8])
def test_effects_of_half_a_sweep_are_judged_or_unknown(keep):
    found = effects.check({name: table for name in TABLES if len(table := lewm_tables.table(name, "cpu", keep))})
    assert found
    assert all(effect.measured != "runs missing" for effect in found if effect.holds is not None)


def test_nothing_is_checked_without_tables():
    assert effects.check({}) == []


def success(runs, lewm, random, pairs=200, world="tworoom"):
    """A table like Figure 6's, of plans with LeWM and random play that succeed so often."""
    one = {"env.name": world, "loss.kind": "lewm", "state": "done", "pairs": pairs, "protocol.pairs": pairs}
    rows = [{**one, "plan.policy": "model", "success": lewm, "seed": seed} for seed in range(runs)]
    return pd.DataFrame([*rows, {**one, "plan.policy": "random", "success": random, "seed": 0}])


def test_forty_points_above_random_play_are_asked_for_in_tworoom():
    assert effects.far_above_random(success(1, 0.70, 0.25)).holds
    assert not effects.far_above_random(success(1, 0.60, 0.25)).holds
    assert effects.far_above_random(success(3, 0.70, 0.25, world="pusht")).holds is None


def test_a_lead_within_the_noise_is_none():
    assert effects.above_random_in_reacher(success(1, 0.20, 0.05, world="reacher")).holds
    assert not effects.above_random_in_reacher(success(1, 0.08, 0.05, world="reacher")).holds
