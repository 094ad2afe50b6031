"""Every figure draws its own sweep, computed at scale smoke; half of it, and nothing; and says which pictures it was measured on."""

import io
import math
from pathlib import Path

import pytest
from generalization_world import FIGURES

from configs.generalization import base
from projects.generalization import figures
from projects.generalization.figures import curves
from projects.generalization.published import published

TAGS = {"P", "C", "R", "D", "U"}


def drawn(name, table):
    """The figure, and the bytes of its picture."""
    figure, buffer = getattr(figures, name)(table), io.BytesIO()
    figure.savefig(buffer, format="png", dpi=30)
    assert len(buffer.getvalue()) > 2_000
    return figure


def check_rows(name, table):
    rows = getattr(figures, f"{name}_summary")(table)
    for row in rows:
        assert list(row) == ["setting", "quantity", "ours", "low", "high", "n", "published", "note"]
        assert row["published"] == "" or row["published"] in published()
        assert "\n" not in row["setting"] + row["quantity"] + row["note"]
    return rows


def test_every_config_has_its_two_functions():
    files = {path.stem for path in Path(base.__file__).parent.glob("*.py")} - {"base"}
    assert {name.removesuffix("_summary") for name in figures.__all__ if name.endswith("_summary")} <= files
    assert all(getattr(figures, name.removesuffix("_summary")) for name in figures.__all__)


@pytest.mark.parametrize("name", FIGURES)
def test_draws_whole_half_and_empty(name, tables):
    table = tables[name]
    drawn(name, table)
    assert all(math.isfinite(row["ours"]) for row in check_rows(name, table)) and check_rows(name, table)
    drawn(name, table.iloc[::2])
    check_rows(name, table.iloc[::2])
    drawn(name, table.iloc[:0])
    assert check_rows(name, table.iloc[:0]) == []


@pytest.mark.parametrize(("name", "said"), [("gp", "in place of CIFAR-10"), ("fourier", "in place of MNIST")])
def test_another_data_set_than_the_papers_is_in_the_caption(name, said, tables):
    captions = " ".join(text.get_text() for text in drawn(name, tables[name]).findobj() if hasattr(text, "get_text"))
    assert said in captions.replace("\n", " ") and all(said in row["note"] for row in check_rows(name, tables[name]))


def test_the_drawn_polynomial_passes_through_the_noise(tables):
    table = tables["polynomials"]
    one = curves.chosen(table)
    assert one[3] == 30 and curves.of(table, "noise", one)["train"].item() < curves.PASSED
    assert curves.worst(table, one) < 0.1


def test_published_numbers_say_where_they_are_from():
    for key, entry in published().items():
        assert entry["tag"] in TAGS and entry["where"] and math.isfinite(entry["value"]), key
