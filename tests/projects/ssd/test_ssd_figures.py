"""Every figure draws from a made-up table of its own sweep, complete, half empty and empty, and its rows are well formed."""

import math

import pandas as pd
import pytest

from projects.ssd import figures
from projects.ssd.figures import batches, hits
from projects.ssd.figures.settings import Setting, median, settings
from projects.ssd.published import published
from tests.gallery import Gallery
from tests.projects.ssd import ssd_world

GALLERY = Gallery(figures, published, ssd_world.table)
drawn, check_rows, NAMES = GALLERY.drawn, GALLERY.rows, GALLERY.names


@pytest.mark.parametrize("scale", ["smoke", "cpu"])
@pytest.mark.parametrize("name", NAMES)
def test_draws_its_sweep(name, scale):
    GALLERY.check_sweep(name, scale)


@pytest.mark.parametrize("name", NAMES)
def test_draws_half_of_its_sweep(name):
    GALLERY.check_half(name)


@pytest.mark.parametrize("name", NAMES)
def test_draws_nothing_from_runs_that_failed(name):
    table = ssd_world.table(name, "smoke").assign(state="failed")
    assert GALLERY.ours(name, table) == 0
    assert not [row for row in check_rows(name, table) if math.isfinite(row["ours"])]


@pytest.mark.parametrize("name", NAMES)
def test_draws_runs_that_measured_nothing(name):
    """Columns that are absent, not only empty."""
    table = ssd_world.table(name, "smoke")
    bare = table[[column for column in table if "." in column or column in ("state", "run_id", "seed", "scale")]]
    assert drawn(name, bare)
    assert not [row for row in check_rows(name, bare) if math.isfinite(row["ours"])]


@pytest.mark.parametrize("name", ["tableA", "fig4", "fig6", "ksweep", "fsweep"])
def test_a_speed_that_was_not_timed_is_called_modelled(name):
    rows = check_rows(name, ssd_world.table(name, "cpu", timed=False))
    assert any("modelled" in row["quantity"] for row in rows)
    assert not any(row["quantity"] == "tok/s" and "SSD" in row["setting"] for row in rows)


def test_published_numbers_carry_their_evidence():
    GALLERY.check_evidence()


def test_published_numbers_stay_in_their_column():
    """No row of ours equals a published number: nothing is filled in for a missing cell."""
    assert not [row for row, theirs in GALLERY.beside_published() if row["ours"] == theirs]


def test_ratios_are_within_repeats():
    """A machine that slows down between repeats slows both."""
    table = pd.DataFrame({"tok_s/ssd": [20.0, 10.0, 5.0], "tok_s/sd": [10.0, 5.0, 2.5], "seed": 0})
    one = settings(table, "seed")[0].ratio("tok_s/ssd", "tok_s/sd")
    assert (one.mean, one.low, one.high) == (2, 2, 2)


def test_medians_have_intervals_that_cover():
    assert median([3, 1, 2, 6, 5, 4]).low == 1 and median([3, 1, 2, 6, 5, 4]).high == 6
    wide = median(range(30))
    assert (wide.low, wide.high) == (9, 20), "the classic ranks 10 and 21 of 30"
    assert math.isnan(median([1.0]).low) and math.isnan(median([]).mean)


def test_the_prediction_of_a_world_made_by_the_theory_is_exact():
    rows = check_rows("theorem7", ssd_world.table("theorem7", "cpu"))
    assert rows[0]["ours"] == pytest.approx(1, abs=0.005)


def test_power_laws_are_found_again():
    found = hits.law_settings(ssd_world.table("fig3", "cpu"), "primary")
    laws = {one["sampling.temperature"]: hits.law_of(one, "primary").exponent for one in found}
    assert laws == {0.0: pytest.approx(1.6, rel=1e-3), 0.7: pytest.approx(1.04, rel=1e-3), 1.0: pytest.approx(0.8, rel=1e-3)}


def test_more_draft_devices_never_slow_the_projection():
    speeds = [speed for *_, speed in batches.projection(batches.by_budget(ssd_world.table("fig6", "cpu")))]
    assert len(speeds) == 4 and speeds == sorted(speeds)


def test_a_setting_with_nothing_measured_is_nan():
    one = Setting(pd.DataFrame({"bench.batch": [1], "spec.backup": ["neural"]}))
    assert math.isnan(one.predicted()) and math.isnan(one.per_device("sd").mean) and math.isnan(one.rate("p_hit").mean)
