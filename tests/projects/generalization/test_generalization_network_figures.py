"""Figures of trained networks draw their sweeps, half of them and nothing; their effects hold in tables of the paper's shape and not in
tables turned around."""

import math

import network_tables
import pandas as pd
import pytest
from gallery import Gallery
from matplotlib.text import Text

from projects.generalization import effects, figures
from projects.generalization.figures import width
from projects.generalization.published import published
from shared.stats import Interval

GALLERY = Gallery(figures, published, network_tables.table)
COUNT = 10


def captions(name: str, scale: str) -> str:
    found = getattr(figures, name)(network_tables.table(name, scale)).findobj(Text)
    return " ".join(text.get_text() for text in found).replace("\n", " ")


@pytest.mark.parametrize("name", network_tables.FIGURES)
def test_draws_whole_half_and_empty(name):
    GALLERY.check_sweep(name, "smoke")
    GALLERY.check_half(name)
    empty = network_tables.table(name).iloc[:0]
    assert GALLERY.drawn(name, empty) and GALLERY.rows(name, empty) == []


@pytest.mark.parametrize(("name", "said"), [
    ("altered", "an MLP of 2 hidden layers of 128 in place of PreAct ResNet-20; Fashion-MNIST in place of CIFAR-10"),
    ("widths", "in place of ResNet-18; MNIST-1D in place of CIFAR-100"),
    ("map", "MNIST-1D in place of CIFAR-100"), ("modes", "in place of VGG-16; Fashion-MNIST in place of CIFAR-10"),
])  # fmt: skip
def test_what_stands_in_for_the_papers_network_and_data_is_in_the_caption(name, said):
    assert said in captions(name, "cpu")
    assert all(said in row["note"] for row in GALLERY.rows(name, network_tables.table(name))[:1])


def test_a_resnet_stands_in_for_nothing():
    assert "PreAct ResNet with GroupNorm of 3 stages, 3 blocks each, width 16; Fashion-MNIST in place" in captions("altered", "gpu")


def checked(change=lambda table: table):
    return effects.check({name: change(network_tables.table(name)) for name in network_tables.FIGURES})


def test_effects_hold_in_tables_of_the_papers_shape():
    found = checked()
    assert [f"{one.name}: {one.measured}" for one in found if not one.holds] == [] and len(found) == COUNT


def test_effects_do_not_hold_when_the_numbers_are_turned_around():
    def turned(table: pd.DataFrame) -> pd.DataFrame:
        numbers = [name for name in table if "/" in name]
        changes = {name: -table[name] for name in numbers if name.startswith(("test", "evidence", "volume"))}
        if "curve/train/nll" in table:
            changes |= {"curve/train/nll": table["line/train/nll"], "line/train/nll": table["curve/train/nll"]}
        changes |= {"train/error": table["train/error"] + 0.02} if "evidence/last" in table else {}
        return table.assign(**changes)

    assert [one.name for one in checked(turned) if one.holds] == []


def test_effects_are_unknown_without_runs():
    found = checked(lambda table: table.iloc[:0])
    assert len(found) == COUNT and all(one.holds is None and one.measured == "runs missing" for one in found)


# -- the bump -------------------------------------------------------------------------------------------------------------
def curve(*means: float) -> dict[float, Interval]:
    return {float(2**place): Interval(mean, math.nan, math.nan, 1) for place, mean in enumerate(means)}


@pytest.mark.parametrize(("means", "found"), [
    ((5, 2, 4, 1), (4, 2, 8)),
    ((5, 3, 3.1, 1, 2, 0), (16, 8, 32)),  # the higher of two bumps, not the higher of two places
    ((5, 1, 4, 2, 3, 0), (4, 2, 32)),
])  # fmt: skip
def test_a_bump_stands_above_both_sides(means, found):
    assert width.bump(curve(*means)) == found


@pytest.mark.parametrize("means", [(), (1,), (3, 2, 1), (1, 2, 3), (3, 1, 2), (2, 2, 2)])
def test_where_there_is_no_bump_none_is_named(means):
    assert all(map(math.isnan, width.bump(curve(*means))))


def test_a_bump_outside_of_the_transition_is_no_double_descent():
    table = network_tables.table("widths")
    early = table.assign(**{"train/error": table["train/error"] * 1e-3})  # all widths fit
    found = {one.name: one for one in effects.check({"widths": early})}["double descent over the width"]
    assert found.holds is False and "transition from 2 to 2" in found.measured
