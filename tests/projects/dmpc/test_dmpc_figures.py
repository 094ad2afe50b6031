"""Every figure draws from a made-up table of its own sweep, complete, half empty and empty, and its rows are well formed."""

import numpy as np
import pandas as pd
import pytest

from configs.dmpc import base
from projects.dmpc import figures
from projects.dmpc.figures import reading
from projects.dmpc.figures.heights import nearer, reached
from projects.dmpc.published import published
from tests import made_up
from tests.gallery import Gallery, swept
from tests.projects.dmpc import dmpc_tables

GALLERY = Gallery(figures, published, dmpc_tables.table)
drawn, check_rows = GALLERY.drawn, GALLERY.rows
MADE = [name for name in GALLERY.names if name != "demo"]  # which has tests of its own


def test_every_config_with_a_sweep_has_its_two_functions():
    assert swept(base) - {"behave", "collect"} == set(GALLERY.names)  # those two draw nothing


@pytest.mark.parametrize("scale", ["smoke", "gpu"])
@pytest.mark.parametrize("name", MADE)
def test_draws_its_sweep(name, scale):
    GALLERY.check_sweep(name, scale)


@pytest.mark.parametrize("name", MADE)
def test_every_panel_of_a_complete_sweep_shows_something(name):
    assert all(drawn(name, dmpc_tables.table(name, "cpu")))


@pytest.mark.parametrize("name", MADE)
def test_draws_parts_of_its_sweep(name):
    GALLERY.check_half(name)


@pytest.mark.parametrize("name", MADE)
def test_draws_nothing_from_runs_that_failed(name):
    table = dmpc_tables.table(name, "smoke").assign(state="failed")
    assert GALLERY.ours(name, table) == 0
    assert check_rows(name, table) == []


@pytest.mark.parametrize("name", MADE)
def test_draws_runs_that_measured_nothing(name):
    """Columns that are absent, not only empty."""
    bare = made_up.bare(dmpc_tables.table(name, "cpu"))
    assert GALLERY.ours(name, bare) == 0
    assert check_rows(name, bare) == []


@pytest.mark.parametrize("name", MADE)
def test_draws_a_table_without_a_row(name):
    assert getattr(figures, name)(pd.DataFrame()).axes
    assert [row for row in check_rows(name, pd.DataFrame()) if row["ours"] == row["ours"]] == []


@pytest.mark.parametrize("name", [name for name in MADE if name != "dynamics_error"])  # whose runs leave none
def test_draws_what_needs_no_arrays_where_they_were_lost(name):
    table = dmpc_tables.table(name, "cpu")
    lost = table.drop(columns="arrays")
    assert (GALLERY.ours(name, lost) > 0) == (name != "novel_reward")  # heights over time are arrays
    assert all(less <= whole for less, whole in zip(drawn(name, lost), drawn(name, table), strict=True))
    rows, left = ({(row["setting"], row["quantity"]) for row in check_rows(name, one)} for one in (table, lost))
    assert left and left <= rows


@pytest.mark.parametrize("name", MADE)
def test_a_figure_says_what_it_was_measured_with(name):
    table = dmpc_tables.table(name, "cpu")
    note = getattr(figures, name)(table).get_supxlabel()
    for words in ("transitions of our own", "F = ", "steps of", "seed"):
        assert words in note
    assert any("seed" in row["note"] for row in check_rows(name, table))


def test_novel_dynamics_say_which_joint_is_weaker_and_how_much():
    table = dmpc_tables.table("novel_dynamics", "gpu")
    note = figures.novel_dynamics(table).get_supxlabel()
    said = " ".join(note.split())  # it is broken into lines
    assert "actuator 2, at most 0.5 of its torque. Longer training: as long as adapting, without the defect" in said
    whole = table[table["env.defect_joint"] < 0]
    assert "actuator" not in figures.novel_dynamics(whole).get_supxlabel()


def test_published_numbers_carry_their_evidence():
    GALLERY.check_evidence({"P", "U"})


def test_methods_are_told_apart_and_none_is_counted_twice():
    rows = pd.concat([dmpc_tables.table(name, "cpu") for name in ("runtime", "novel_dynamics")])
    found = reading.methods(rows)
    assert list(found) == list(reading.METHODS)
    assert sorted(run for runs in found.values() for run in runs["run_id"]) == sorted(rows["run_id"])


def test_differences_are_of_pairs_with_the_same_seed_whatever_the_order():
    def rows(shift, seeds):
        found = [{"episode_scores": np.array([10.0, 50.0, 90.0]) + 100 * seed + shift} for seed in seeds]
        return pd.DataFrame({"seed": seeds, "arrays": found, "score": 0.0})

    gap = reading.better(rows(2.0, [0, 1, 2]), rows(0.0, [2, 1]))  # seed 0 has no partner
    assert gap.n == 2 and gap.mean == pytest.approx(2.0) and gap.high - gap.low < 1e-9
    assert reading.better(rows(2.0, [1]), rows(0.0, [1])).n == 3  # of one training, over its episodes
    assert reading.better(rows(0.0, [3]), rows(0.0, [4])).n == 0


def test_trainings_count_once_however_many_episodes_judge_them():
    def rows(method, world, scores):
        found = [{"episode_scores": np.asarray(episodes, float)} for episodes in scores]
        return pd.DataFrame({"env.name": world, "collect.set": "medium-replay", "seed": range(len(scores)), "arrays": found, "score": 0.0}
                            | method)  # fmt: skip

    ours = {"plan.kind": "ssr", "plan.candidates": 32, "model.proposal": "multi_diffusion", "evaluate.distilled": False}
    both = [rows(ours, "hopper", [[10, 20], [30, 30]]), rows(ours | {"plan.kind": "mbop"}, "hopper", [[0, 0], [0, 0]])]
    both += [rows(ours, "walker2d", [[4, 8, 12, 0]]), rows(ours | {"plan.kind": "mbop"}, "walker2d", [[1, 5, 9, -3]])]
    found = reading.methods(pd.concat(both))
    gap = reading.better(found["dmpc"], found["mbop"])
    assert gap.n == 3 and gap.mean == pytest.approx((15 + 30 + 3) / 3)


def test_one_training_has_the_interval_of_its_episodes_several_that_of_their_means():
    one = pd.DataFrame({"seed": [0], "score": [2.0], "arrays": [{"episode_scores": np.array([1.0, 2.0, 3.0])}]})
    assert reading.score(one).n == 3 and reading.score(one).mean == 2.0
    two = pd.concat([one, one.assign(seed=1, score=4.0)])
    assert reading.score(two).n == 2 and reading.singles(two) == [2.0, 4.0] and reading.singles(one) == []


def test_a_height_is_of_the_steps_of_an_episode_that_were_played():
    rows = pd.DataFrame({"seed": [0], "arrays": [{"heights": np.array([[1.0, 2.0], [1.0, np.nan]])}]})
    assert reached(rows).mean == pytest.approx(1.25)


def test_heights_are_compared_in_the_steps_that_both_episodes_have():
    """Who falls early is not held against what the other does later."""
    ours = pd.DataFrame({"seed": [0], "arrays": [{"heights": np.array([[1.0, 1.1, np.nan], [1.0, 1.0, 1.0]])}]})
    theirs = pd.DataFrame({"seed": [0], "arrays": [{"heights": np.array([[1.2, 1.2, 9.0, 9.0], [1.1, np.nan, np.nan, np.nan]])}]})
    gap = nearer(ours, theirs, 1.0)
    assert gap.n == 2 and gap.mean == pytest.approx((0.15 + 0.1) / 2)
