"""Figures of certificates draw from made-up tables, complete, half empty and empty; the published numbers stay in their column; and the
effects hold where they should."""

import math

import certified_world
import pytest

from projects.generalization import effects, figures
from projects.generalization.figures import tables
from projects.generalization.published import published
from tests.gallery import Gallery

GALLERY = Gallery(figures, published, certified_world.table)
NAMES = certified_world.FIGURES


@pytest.mark.parametrize("scale", ["smoke", "cpu"])
@pytest.mark.parametrize("name", NAMES)
def test_draws_its_sweep(name, scale):
    GALLERY.check_sweep(name, scale)


@pytest.mark.parametrize("name", NAMES)
def test_draws_half_of_it_and_nothing(name):
    GALLERY.check_half(name)
    empty = certified_world.table(name).iloc[:0]
    assert GALLERY.drawn(name, empty) and GALLERY.rows(name, empty) == []


@pytest.mark.parametrize("name", NAMES)
def test_runs_that_failed_are_left_out(name):
    failed = certified_world.table(name).assign(state="failed")
    assert GALLERY.ours(name, failed) == 0 and GALLERY.rows(name, failed) == []


def test_published_numbers_say_how_sure_they_are():
    GALLERY.check_evidence()


def test_the_published_bound_stands_beside_that_of_true_labels():
    first, *others = GALLERY.rows("certificate", certified_world.table("certificate"))
    assert first["published"] == "certificate.fashion_mnist" and first["n"] == 1
    assert published()[first["published"]]["value"] == 0.328
    assert [row["published"] for row in others].count("certificate.guessing") == 1


def test_no_bound_of_others_stands_for_one_of_ours():
    """Where nothing was measured here, ours is empty."""
    for name in ("language", "t1"):
        elsewhere = [row for row in GALLERY.rows(name, certified_world.table(name)) if row["published"] and not math.isfinite(row["ours"])]
        assert len(elsewhere) == {"language": 7, "t1": len(tables.ELSEWHERE)}[name]
    for row in (row for name in NAMES for row in GALLERY.rows(name, certified_world.table(name, keep=0.3)) if row["published"]):
        assert row["ours"] != published()[row["published"]]["value"] or row["published"].endswith("guessing")


def test_the_table_takes_the_best_dimension_of_a_language_model():
    table = certified_world.table("t1")
    rows = {(row["setting"], row["quantity"]): row["ours"] for row in GALLERY.rows("t1", table)}
    for unit in ("documents", "tokens"):
        share, first, ten = [ours for (setting, _), ours in rows.items() if setting.endswith(f"by {unit}")]
        assert share == pytest.approx(table[f"{unit}/bound"].min() / math.log2(97))
        assert (first, ten) == (pytest.approx(table[f"{unit}/top1_bound"].min()), pytest.approx(table[f"{unit}/top10_bound"].min()))


# -- effects --------------------------------------------------------------------------------------------------------------
def checked(change=lambda table: table) -> dict[str, list[bool | None]]:
    return {name: [one.holds for one in effects.check({name: change(certified_world.table(name))})] for name in NAMES}


def test_effects_hold_in_the_made_up_world():
    assert checked() == {"certificate": [True] * 3, "compression": [True] * 4, "language": [True] * 3, "t1": []}


def test_effects_do_not_hold_when_bounds_and_errors_are_turned_around():
    def turned(table):
        """Bounds of 1 less what they are: those of true labels are high, those of random ones low; bits of text likewise."""
        bounds = {column: table[column] for column in table if column.endswith("/bound") and "bits/total" in table}
        changes = {column: 7.5 - values for column, values in bounds.items()} | {"test/error": 2.0, "test/bits": 9.0}
        if "bound/catoni" in table:
            changes |= {"bound/catoni": 1 - table["bound/catoni"] + 0.1, "train/error": 1 - table["train/error"]}
        return table.assign(**changes)

    found = checked(turned)
    assert [holds for name in ("certificate", "compression") for holds in found[name]] == [False] * 7
    assert found["language"][1:] == [False, False]


def test_a_bound_that_is_no_better_than_guessing_certifies_no_text():
    (first, *_) = effects.check({"language": certified_world.table("language").assign(**{"documents/bound": 6.7})})
    assert first.holds is False


def test_effects_are_unknown_without_runs():
    found = checked(lambda table: table.iloc[:0])
    assert {holds for values in found.values() for holds in values} == {None}
