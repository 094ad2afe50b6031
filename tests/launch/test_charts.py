"""Learning curves with bands and parallel coordinates, of runs with numbers that the test chose."""

import fabricated
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from launch import charts
from launch.fold import Comparison
from launch.measured import on_disk
from shared.rundir import all_runs


@pytest.fixture
def found() -> Comparison:
    fabricated.sweep(fabricated.demo())
    return Comparison(list(map(on_disk, all_runs())))


def setting(found: Comparison, **fields):
    return next(one for one in found.settings if fields.items() <= one.fields.items())


def test_a_curve_is_the_mean_over_seeds_with_its_interval(found):
    one = setting(found, **{"entry": "train", "optim.weight_decay": 0.1})
    (first, early), (last, late) = one.curve("val/loss")
    assert (first, last) == (1, one.fields["train.steps"]) and early.n == late.n == 2
    assert late.mean == pytest.approx(4.995) and late.low < late.mean < late.high and early.mean == pytest.approx(5.495)
    assert one.curve("no/such") == []


def test_a_curve_has_no_step_that_a_finished_run_lacks_and_leaves_out_unfinished_ones(found):
    one = setting(found, **{"entry": "train", "optim.weight_decay": 0.1})
    run = next(run for run in all_runs() if run.id == one.runs[0].id)
    run.append_metrics([{"step": 99, "val/loss": 1.0}])
    assert [step for step, _ in one.curve("val/loss")][-1] == one.fields["train.steps"]
    run.update(state="failed")
    alone = setting(Comparison(list(map(on_disk, all_runs()))), **{"entry": "train", "optim.weight_decay": 0.1})
    assert {interval.n for _, interval in alone.curve("val/loss")} == {1}


def test_long_curves_are_thinned_and_keep_both_ends(found):
    run = next(run for run in all_runs() if run.path.parent.name == "ensemble")
    run.append_metrics([{"step": step, "long": 1.0} for step in range(1, 1_001)])
    one = next(one for one in found.settings if one.runs[0].id == run.id)
    steps = [step for step, _ in one.curve("long")]
    assert (steps[0], steps[-1]) == (1, 1_000) and len(steps) <= 202


def texts(figure) -> str:
    return " ".join(text.get_text() for text in figure.findobj() if hasattr(text, "get_text"))


def test_curves_name_every_setting_and_its_n(found):
    figure = charts.curves(found)
    said = texts(figure)
    assert "val/loss over steps" in said.replace("\n", " ") and "n=2" in said and "weight_decay=0.1" in said
    (axis,) = figure.axes
    assert len(axis.lines) == 4 and len(axis.collections) == 2  # bands for the two settings of two seeds


def test_parallel_coordinates_go_through_every_field_to_the_metric(found):
    figure = charts.parallel(found)
    (axis,) = figure.axes
    assert [text.get_text() for text in axis.get_xticklabels()] == ["entry", "weight_decay", "val/loss"]
    best = max((line for line in axis.lines if len(line.get_xdata()) == 3), key=lambda line: line.get_linewidth())
    assert best.get_ydata()[-1] == 0  # the smallest loss lies at the bottom


def test_nothing_to_compare_is_no_picture():
    assert charts.curves(Comparison([])) is None and charts.parallel(Comparison([])) is None
    run = next(iter(fabricated.sweep(fabricated.demo()).runs.values())).dir
    assert charts.parallel(Comparison([on_disk(run)])) is None
    run.update(state="queued", final={})
    assert charts.curves(Comparison([on_disk(run)])) is None


numbers = st.lists(st.one_of(st.integers(-10, 10), st.floats(1e-6, 1e6)), min_size=1, max_size=8)


@settings(max_examples=40, deadline=None)
@given(numbers)
def test_numbers_are_laid_out_by_size(values):
    scale = charts.Scale.over(values)
    heights = [scale(value) for value in sorted(values)]
    assert all(-1e-9 <= height <= 1 + 1e-9 for height in heights) and heights == sorted(heights)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=5), st.booleans(), st.none(), st.integers(0, 3)), min_size=1, max_size=8))
def test_anything_else_by_order_of_appearance(values):
    scale = charts.Scale.over([*values, "a word"])
    assert all(0 <= scale(value) <= 1 for value in values) and len(scale.ticks()) <= 9


def test_rates_are_laid_out_logarithmically():
    scale = charts.Scale.over([1e-4, 1e-3, 1e-2])
    assert scale.logarithmic and scale(1e-3) == pytest.approx(0.5)
    assert charts.Scale.over([1, 2, 3])(2) == pytest.approx(0.5)
