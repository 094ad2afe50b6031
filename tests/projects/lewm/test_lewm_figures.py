"""Every figure draws from a made-up table of its own sweep, complete, half empty and empty, and its rows are well formed."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as drawn_arrays

from configs.lewm import base
from projects.lewm import figures
from projects.lewm.figures import ablations, latents, pictures, reading, style
from projects.lewm.figures.protocol import arrival
from projects.lewm.published import published, spread
from tests import made_up
from tests.gallery import Gallery, swept
from tests.projects.lewm import lewm_tables

GALLERY = Gallery(figures, published, lewm_tables.table)
drawn, check_rows, NAMES = GALLERY.drawn, GALLERY.rows, GALLERY.names


def test_every_config_with_a_sweep_has_its_two_functions():
    assert swept(base) == set(NAMES)


@pytest.mark.parametrize("scale", ["smoke", "gpu"])
@pytest.mark.parametrize("name", NAMES)
def test_draws_its_sweep(name, scale):
    GALLERY.check_sweep(name, scale)


@pytest.mark.parametrize("name", NAMES)
def test_draws_parts_of_its_sweep(name):
    GALLERY.check_half(name)


@pytest.mark.parametrize("name", NAMES)
def test_draws_nothing_from_runs_that_failed(name):
    table = lewm_tables.table(name, "smoke").assign(state="failed")
    assert GALLERY.ours(name, table) == 0
    assert check_rows(name, table) == []


@pytest.mark.parametrize("name", NAMES)
def test_draws_runs_that_measured_nothing(name):
    """Columns that are absent, not only empty."""
    bare = made_up.bare(lewm_tables.table(name, "cpu"))
    assert drawn(name, bare)
    assert {row["quantity"] for row in check_rows(name, bare)} <= {"weight"}, "a config field, not a measurement"


@pytest.mark.parametrize("name", NAMES)
def test_draws_a_table_without_a_row(name):
    assert getattr(figures, name)(pd.DataFrame()).axes
    assert check_rows(name, pd.DataFrame()) == []


@pytest.mark.parametrize("name", NAMES)
def test_numbers_are_drawn_where_pictures_were_lost(name):
    """Some runs, then all of them, without their arrays."""
    table = lewm_tables.table(name, "cpu")
    if "arrays" in table:
        rows = {(row["setting"], row["quantity"]) for row in check_rows(name, table)}
        some = table.assign(arrays=table["arrays"].where(table["run_id"] != table["run_id"].iloc[0], math.nan))
        none = table.drop(columns="arrays")
        assert (GALLERY.ours(name, some) > 0) == (name not in ("demo", "plans"))  # which are pictures of that run
        assert getattr(figures, name)(none).axes
        assert {(row["setting"], row["quantity"]) for row in check_rows(name, none)} >= {one for one in rows if "drawn plans" not in one}


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_says_what_it_was_measured_with(name):
    """Image size, D, whose data, how long the training, seeds; in the line below the picture and in the rows."""
    table = lewm_tables.table(name, "cpu")
    note = getattr(figures, name)(table).get_supxlabel()
    for words in (" px", "D = ", "episodes", "steps of", "seed"):
        assert words in note
    assert any("seed" in row["note"] for row in check_rows(name, table))
    if table["entry"].iloc[0] == "plan":
        assert " pairs" in note


def test_success_is_in_per_cent():
    rows = check_rows("fig6", lewm_tables.table("fig6", "cpu"))
    shares = [row["ours"] for row in rows if row["quantity"] == "success, %"]
    assert max(shares) > 50 and all(0 <= share <= 100 for share in shares)


def test_published_numbers_carry_their_evidence():
    GALLERY.check_evidence()


def test_published_numbers_stay_in_their_column():
    """No row of ours equals a published number: nothing is filled in for a missing cell."""
    for row, theirs in GALLERY.beside_published():
        if row["quantity"] != "weight" and row["published"].split(".")[0] not in ("fig16", "protocol"):
            assert row["ours"] != theirs


def test_rows_of_another_environment_than_the_papers_say_so():
    for name in ("table6", "table9", "table10"):
        for row in check_rows(name, lewm_tables.table(name, "cpu")):
            assert not row["published"] or row["published"].endswith("_std") or "TwoRoom, the paper's in Push-T" in row["note"]


# -- reading --------------------------------------------------------------------------------------------------------------
def test_one_run_has_wilsons_interval_and_several_have_students():
    one = reading.success(pd.DataFrame({"success": [0.5], "pairs": [50.0]}))
    assert (one.mean, one.n) == (50.0, 50)
    assert one.low == pytest.approx(36.6, abs=0.1) and one.high == pytest.approx(63.4, abs=0.1)
    three = reading.success(pd.DataFrame({"success": [0.4, 0.5, 0.6], "pairs": [50.0] * 3}))
    assert (three.mean, three.n) == (pytest.approx(50.0), 3)
    assert three.high - three.mean == pytest.approx(4.303 * 10 / math.sqrt(3), rel=1e-3)


@given(st.integers(1, 500), st.data())
def test_an_interval_holds_its_share(pairs, data):
    won = data.draw(st.integers(0, pairs))
    one = reading.success(pd.DataFrame({"success": [won / pairs], "pairs": [float(pairs)]}))
    assert 0 <= one.low <= one.mean <= one.high <= 100


def test_facts_leave_out_the_model_of_those_who_have_none():
    table = reading.finished(lewm_tables.table("fig6", "cpu"))
    words = reading.facts(table[table["plan.policy"] == "random"])
    assert "px" not in words and "episodes of our own" in words and "200 pairs" in words


def test_facts_name_a_file_without_its_folder():
    table = lewm_tables.table("plans", "cpu").assign(**{"collect.file": "/somewhere/of/mine/tworoom.h5"})
    assert "tworoom.h5" in reading.facts(table) and "somewhere" not in reading.facts(table)


def test_values_are_spelled():
    table = pd.DataFrame({"seed": [2, 0, 1], "train.steps": [1000, 2000, 1000], "collect.policy": ["mixed", "expert", "mixed"]})
    assert [reading.spelled(table, field) for field in table] == ["0 to 2", "1,000 / 2,000", "expert / mixed"]
    assert reading.spelled(table, "absent") == ""


def test_a_run_is_read_once_however_many_rows_it_has():
    assert len(reading.arrays(lewm_tables.table("fig7", "cpu"))) == 3


# -- figures --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("scale", ["smoke", "cpu", "gpu"])
def test_sizes_of_predictors_are_recognised(scale):
    """Also one by one, as they finish."""
    table = lewm_tables.table("table6", scale)
    found = ablations.sizes(table)
    assert list(found) == ["table6.tiny", "table6.small", "table6.base"]
    for key, (_, runs) in found.items():
        assert list(ablations.sizes(runs)) == [key]
    assert sum(len(runs) for _, runs in found.values()) == len(table)


def test_a_line_of_figure_15_varies_one_field():
    table = lewm_tables.table("fig15", "cpu")
    for field in ablations.FIELDS:
        rows = pd.concat(ablations.along(table, field).values())
        assert rows[field].nunique() >= 2
        assert all(rows[other].nunique() == 1 for other in ablations.FIELDS if other != field)


def test_saturation_is_the_narrowest_width_that_is_near_the_best():
    table = pd.DataFrame({"latent.width": [2, 4, 8, 16], "success": [0.2, 0.85, 0.93, 0.9], "pairs": 100.0, "state": "done"})
    assert ablations.saturation(table) == 4
    assert math.isnan(ablations.saturation(table[:1]))


def test_an_arrival_is_the_first_step_at_the_goal_and_not_the_start():
    goal = np.array([100.0, 100.0])
    path = np.array([[100, 100], [100, 120], [100, 110], [100, 101], [np.nan, np.nan]])
    assert arrival(path, goal) == 2
    assert arrival(path[:2], goal) == 0


def test_the_liveliest_path_comes_first():
    still, moving = np.zeros((1, 5, 2, 2, 3), np.uint8), np.zeros((1, 5, 2, 2, 3), np.uint8)
    moving[:, 3:] = 200
    found = {"real": np.concatenate([still, moving]), "steps": np.arange(-2, 3)}
    assert pictures.liveliest(found).tolist() == [1, 0]


@given(drawn_arrays(np.float64, (9, 2), elements=st.floats(-1e3, 1e3)))
def test_colours_are_colours(places):
    found = style.colours(places)
    assert found.shape == (9, 3) and (found >= 0).all() and (found <= 1).all()


def test_places_that_are_near_look_alike():
    grid = np.stack(np.meshgrid(np.linspace(0, 1, 30), np.linspace(0, 1, 30)), -1)
    found = style.colours(grid.reshape(-1, 2)).reshape(30, 30, 3)
    step = max(np.abs(np.diff(found, axis=axis)).max() for axis in (0, 1))
    assert step < 0.2
    corners = found[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert min(np.abs(a - b).sum() for i, a in enumerate(corners) for b in corners[:i]) > 0.5


def test_what_the_paper_prints_is_found():
    assert latents.printed("table1") == ["agent_location", "block_location", "block_angle"]
    assert len(latents.printed("table4")) == 9 and latents.printed("table4")[-1] == "overall"
    assert spread("table9.dropout_0.1").low == pytest.approx(96 - 2.83) and math.isnan(spread("table9.dropout_0.3").mean)


def test_the_twins_are_told_apart():
    rows = check_rows("collapse", lewm_tables.table("collapse", "cpu"))
    found = {row["published"]: row["ours"] for row in rows if row["published"]}
    assert found["sigreg.collapsed"] == pytest.approx(published()["sigreg.collapsed"]["value"], rel=0.01)
    assert found["sigreg.gaussian"] == pytest.approx(1.4)


def test_angles_are_laid_out_in_the_plane():
    angles = np.array([[0.5, -2.0], [3.0, 1.0]])
    found = {"quantity_joint_angles": np.concatenate([np.cos(angles), np.sin(angles)], 1), "plane": angles}
    name, true = latents.located(found)
    assert name == "joint_angles" and np.allclose(true, angles)
