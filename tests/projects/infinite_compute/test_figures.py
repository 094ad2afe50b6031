"""Every figure draws from a made-up table of its own sweep, complete, half empty and empty, and its rows are well formed."""

import math

import pytest

from configs.infinite_compute import base, tuned
from projects.infinite_compute import effects, figures
from projects.infinite_compute.figures import recipes, scaling
from projects.infinite_compute.published import published
from shared.stats import Interval
from tests.gallery import Gallery, swept
from tests.projects.infinite_compute import world

GALLERY = Gallery(figures, published, world.table)
drawn, check_rows, NAMES = GALLERY.drawn, GALLERY.rows, GALLERY.names
MANY = [name for name in NAMES if name != "fig8"]  # which wants a whole sweep


def test_every_config_with_a_figure_has_its_two_functions():
    assert swept(base) - {"certify"} == set(NAMES)


@pytest.mark.parametrize("name", MANY)
def test_draws_its_smoke_sweep(name):
    GALLERY.check_sweep(name, "smoke")


@pytest.mark.parametrize("name", MANY)
def test_draws_half_of_its_cpu_sweep(name):
    GALLERY.check_half(name)


def test_fig8_draws_no_law_through_too_few_points():
    GALLERY.check_sweep("fig8", "cpu")
    for few in (world.table("fig8", "smoke"), world.table("fig8", "cpu", 0.5)):
        assert GALLERY.ours("fig8", few) == 0
        check_rows("fig8", few)


@pytest.mark.parametrize("name", NAMES)
def test_draws_nothing_from_runs_that_all_diverged(name):
    table = world.table(name, "smoke").assign(**{"val/loss": math.nan, "state": "diverged"})
    assert drawn(name, table)
    assert all(math.isnan(row["ours"]) for row in check_rows(name, table) if row["quantity"] in ("validation loss", "asymptote"))


def test_the_papers_numbers_stay_in_their_column():
    """No row of ours equals a published number: nothing is filled in for a missing cell."""
    for row, theirs in GALLERY.beside_published():
        assert row["quantity"] != "validation loss" or row["ours"] != theirs


def test_an_ensemble_that_stands_alone_has_no_role():
    """With one of figure 4's two settings missing, nobody can tell single-model hypers from member hypers."""
    table = world.table("fig4", "cpu")
    assert any(row["published"] for row in check_rows("fig4", table))
    for run in set(table["run_id"]):
        assert not any(row["published"] for row in check_rows("fig4", table[table["run_id"] == run]))


@pytest.fixture
def pinned(monkeypatch):
    """The tuned values that the made-up world was made for, whatever the search finds in the real one."""
    standard = {"XS": (1e-2, 8, 0.1), "S": (3e-3, 8, 0.1), "M": (3e-3, 8, 0.1), "L": (3e-3, 4, 0.1)}
    regularised = {"XS": (1e-2, 16, 0.4), "S": (3e-3, 16, 1.6), "M": (3e-3, 16, 3.2), "L": (3e-3, 16, 3.2)}
    monkeypatch.setitem(tuned.STANDARD["cpu"], 65_536, standard)
    monkeypatch.setitem(tuned.REGULARISED["cpu"], 65_536, regularised)


def test_a_best_setting_is_certified_by_its_neighbours_of_seed_0(pinned):
    table = world.table("fig3", "cpu")
    cell = next(one for one in recipes.recipes(table, 65_536).regularised if scaling.is_certified(table, one))
    assert scaling.verdict(table, cell) == "certified in seed 0 by 6 neighbours"
    neighbour = (table["model.name"] == cell.model) & (table["optim.lr"] == cell.lr) & (table["train.epochs"] == 2 * cell.epochs)
    assert "1 missing, 0 better" in scaling.verdict(table[~neighbour], cell)
    diverged = table.assign(state=table["state"].where(~neighbour, "diverged"))
    assert scaling.is_certified(diverged, cell), "a diverged neighbour was run, and is worse"
    better = table.assign(**{"val/loss": table["val/loss"].where(~neighbour, 1.0)})
    assert "0 missing, 1 better" in scaling.verdict(better, cell)


def test_a_law_in_d_takes_limits_only():
    """At larger D only the standard recipe was run: it has no regularised score there, and a measured loss enters no law of limits."""
    scores = recipes.scores_by_tokens(world.table("fig7", "cpu"))
    assert set(scores["standard"]) - set(scores["regularised"]) == {131_072, 262_144}
    measured = recipes.Score(Interval(1.0, math.nan, math.nan, 1), "best measured loss", False)
    solid = {tokens: one for tokens, one in scores["standard"].items() if tokens != 8_192}
    assert recipes.law_in_tokens({**solid, 8_192: measured}) == recipes.law_in_tokens(solid)


TABLES = ("fig1", "fig2", "fig3", "fig4", "fig5", "fig7", "fig9", "fig14", "fig15", "fig16", "table4")


def test_effects_hold_in_a_world_made_to_show_them(pinned):
    found = effects.check({name: world.table(name, "cpu") for name in TABLES})
    assert not [effect for effect in found if not effect.holds]
    assert len(found) == 16


def test_effects_do_not_hold_when_the_losses_are_turned_around(pinned):
    upside_down = {}
    for name in TABLES:
        table = world.table(name, "cpu")
        upside_down[name] = table.assign(**{"val/loss": 10 - table["val/loss"]})
    found = effects.check(upside_down)
    assert sum(bool(effect.holds) for effect in found) <= 4


def test_effects_of_missing_runs_are_unknown():
    empty = world.table("fig2", "smoke").assign(**{"val/loss": math.nan})
    assert {effect.holds for effect in effects.check({name: empty for name in TABLES})} <= {None}


def test_nothing_is_checked_without_tables():
    assert effects.check({}) == []
