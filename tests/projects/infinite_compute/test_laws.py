"""The limits, the calculator of data efficiency, the certificate."""

import math

import numpy as np
import pytest

from configs.infinite_compute.base import parameters
from configs.infinite_compute.scopes import SCOPES
from configs.infinite_compute.train import get_config, resolve
from configs.infinite_compute.tuned import LADDERS
from projects.infinite_compute import laws, tables
from projects.infinite_compute.certificate import certify, search
from projects.infinite_compute.published import published, value
from shared.stats import Fit
from tests import made_up
from tests.projects.infinite_compute import world

SIZES = [0.0626, 0.1497, 0.3037, 0.6337]  # millions of parameters


def test_few_points_take_the_reciprocal_law():
    assert laws.limit([1, 2, 3], [3.3, 3.15, 3.1]).fit.law == "reciprocal"
    assert laws.limit([1, 2, 3, 4], [3.3, 3.15, 3.1, 3.075]).fit.law == "power"
    assert laws.limit([1, 2, 3, 4], [3.3, 3.15, 3.1, 3.075], wanted=5).fit.law == "reciprocal"


def test_a_refused_power_law_falls_back_and_a_refused_limit_has_no_value():
    assert laws.limit(SIZES, [3.5, 3.34, 3.33, 3.325]).fit.law == "reciprocal"
    limit = laws.limit([1, 2], [3, 2])
    assert math.isnan(limit.value) and "refused" in limit.note


@pytest.mark.parametrize(("asymptote", "exponents"), ((1.89, (0.2277, 0.2245, 0.2274)), (1.96, (0.2375, 0.2345, 0.2383))))
def test_the_calculator_gives_the_papers_multipliers(asymptote, exponents):
    """With the infinite-data asymptote fixed, the three published multipliers imply nearly one exponent."""
    standard = 3.74974
    for loss, times, exponent in zip((3.43, 3.34, 3.17), (2.29, 3.03, 5.17), exponents, strict=True):
        scale = (standard - asymptote) * 0.2097**exponent
        law = Fit("power", {"A": scale, "B": exponent, "C": asymptote}, math.nan, 4)
        assert laws.times_the_data(law, loss, standard) == pytest.approx(times, rel=5e-3)


LOSSES_BY_TOKENS = {d: 2.0 + 10.0 / (d / 1e3) ** 0.5 for d in (8_192, 16_384, 32_768, 65_536, 131_072)}


def test_efficiency_has_an_interval_and_says_where_it_extrapolates():
    law = laws.in_tokens({d: loss + wobble for (d, loss), wobble in zip(LOSSES_BY_TOKENS.items(), (0.01, -0.01) * 3, strict=False)})
    inside, outside = LOSSES_BY_TOKENS[65_536], 2.0 + 10.0 / 500**0.5
    found = laws.efficiency(law, inside, LOSSES_BY_TOKENS[32_768])
    assert found.low < found.mean < found.high and found.mean == pytest.approx(2, abs=0.1) and found.n == 5
    assert laws.efficiency_note(law, inside) == ""
    assert laws.efficiency_note(law, outside) == "extrapolated beyond D = 131,072"


def test_efficiency_below_the_law_is_infinite_and_without_a_law_unknown():
    law = laws.in_tokens(LOSSES_BY_TOKENS)
    assert math.isinf(laws.efficiency(law, 1.9, 3.0).mean) and "never" in laws.efficiency_note(law, 1.9)
    few = laws.in_tokens({d: LOSSES_BY_TOKENS[d] for d in (8_192, 16_384, 32_768)})
    assert math.isnan(laws.efficiency(few, 3.0, 3.5).mean) and "refused" in laws.efficiency_note(few, 3.0)


@pytest.mark.parametrize("losses", ([4.2, 4.0, 3.8, 3.6], [3.9, 4.0, 3.8, 3.85], [4.0, 3.6, 3.7, 3.5]))
def test_a_bad_fit_is_never_quoted_as_a_fact(losses):
    """Limits above a measured loss, or a law that misses its points, are refused; what stays says that it is not determined."""
    found = laws.limit(SIZES, losses)
    assert not found.determined
    assert found.fit.refused or "not determined" in found.note


def test_a_law_that_stands_in_says_why():
    found = laws.limit(SIZES, [3.5, 3.34, 3.33, 3.325])
    assert found.fit.law == "reciprocal" and not found.fit.refused
    assert "A/x + C because the power law was refused" in found.note


def test_an_interval_down_to_zero_is_called_undetermined():
    found = laws.limit(SIZES, [3.83, 3.72, 3.69, 3.64], noise=[0.03] * 4)
    assert "reaches 0" in found.doubt and "not determined" in found.label and f"{found.value:.3f}" in found.label


def made_ensemble(members: int) -> tables.Ensemble:
    sizes = np.arange(1.0, members + 1)
    return tables.Ensemble("S", 150_000, 65_536, 1e-2, 16, 0.8, "logits", "both", sizes, 3.3 + 0.4 / sizes, sizes, sizes)


def test_every_ensemble_of_a_figure_is_fitted_over_the_same_members():
    many, few = made_ensemble(6), made_ensemble(3)
    assert laws.common([many, few]) == 3 and laws.common([many, made_ensemble(5), made_ensemble(2)]) == 5 and laws.common([]) == 3
    found = laws.in_members(many, laws.common([many, few]))
    assert found.fit.n == 3 and found.fit.law == "reciprocal" and "K = 1 to 3" in found.note


def cell(losses: tuple[float, ...], decay: float) -> tables.Cell:
    return tables.Cell("S", 150_000, 65_536, 1e-2, 16, decay, 8, losses, tuple(range(len(losses))), 3.0, 3.0)


def test_a_lucky_single_seed_does_not_beat_the_mean_of_three():
    tuned, lucky, better = cell((3.70, 3.72, 3.74), 0.8), cell((3.69,), 1.6), cell((3.5,), 3.2)
    assert tables.best([tuned, lucky]) is tuned
    assert tables.best([tuned, lucky, better]) is better
    assert tables.best([]) is None


def test_the_main_tokens_are_those_of_the_configs():
    assert {scale: scope.tokens for scale, scope in SCOPES.items()} == tables.MAIN_TOKENS


def test_retention_of_the_paper():
    kept = laws.retention(value("fig9.single"), value("fig9.distilled"), value("fig9.ensemble"))
    assert kept == pytest.approx(value("fig9.retention"), abs=1e-3)


def test_published_numbers_carry_their_evidence():
    for key, entry in published().items():
        assert set(entry) == {"value", "unit", "where", "tag"}, key
        assert entry["tag"] in "PCRD" and math.isfinite(entry["value"]) and entry["where"], key


@pytest.mark.parametrize("model", ("XS", "L", "34M", "600M", "1.4B"))
def test_parameters_from_columns(model):
    config = get_config("paper")
    config.model.name = model
    config = resolve(config)
    assert tables.parameters(made_up.flatten(config.to_dict())) == parameters(config)["total"]


def test_seeds_are_folded_and_diverged_runs_left_out():
    table = world.table("fig3", "cpu")
    cells = tables.cells(tables.scratch(table))
    assert max(len(cell.losses) for cell in cells) == 3
    broken = table.assign(**{"val/loss": np.where(table.index == 0, np.nan, table["val/loss"])})
    assert sum(len(cell.losses) for cell in tables.cells(tables.scratch(broken))) == len(table) - 1


LADDER = {axis: LADDERS[axis] for axis in ("optim.lr", "train.epochs", "optim.weight_decay")}


def bowl(point):
    """A loss with its minimum at (1e-2, 8, 1.6)."""
    return sum((math.log(value) - math.log(best)) ** 2 for value, best in zip(point, (1e-2, 8, 1.6), strict=True))


def test_certified_when_all_six_neighbours_are_worse():
    middle = (1e-2, 8, 1.6)
    around = certify({middle: 0.0}, middle, LADDER)
    assert len(around.neighbours) == len(around.missing) == 6 and not around.certified
    done = certify({point: bowl(point) for point in (middle, *around.neighbours)}, middle, LADDER)
    assert done.certified and done.best_move is None


def test_a_ladders_end_is_its_own_neighbour():
    corner = (3e-2, 1, 0.0)
    assert len(certify({corner: 1.0}, corner, LADDER).neighbours) == 3


def test_standard_recipe_has_four_neighbours():
    point = (3e-3, 8, 0.1)
    found = certify({point: 1.0}, point, LADDER, frozenset({"optim.weight_decay"}))
    assert len(found.neighbours) == 4 and all(other[2] == 0.1 for other in found.neighbours)


def test_search_walks_to_the_optimum_and_names_what_is_missing():
    every = {
        (lr, epochs, decay): bowl((lr, epochs, decay))
        for lr in LADDER["optim.lr"]
        for epochs in (4, 8, 16)
        for decay in (0.4, 0.8, 1.6, 3.2)
    }
    found = search(every, (1e-3, 4, 0.4), LADDER)
    assert found.point == (1e-2, 8, 1.6) and found.certified
    del every[(1e-2, 16, 1.6)]
    assert search(every, (1e-3, 4, 0.4), LADDER).missing == ((1e-2, 16, 1.6),)


def test_search_without_the_start_begins_at_the_best_run_and_without_runs_says_nothing():
    assert search({(1e-2, 8, 1.6): 1.0}, (1e-3, 4, 0.4), LADDER).point == (1e-2, 8, 1.6)
    assert search({}, (1e-3, 4, 0.4), LADDER) is None


def test_a_diverged_neighbour_counts_as_run_and_worse():
    point = (1e-2, 8, 1.6)
    losses = dict.fromkeys(certify({point: 1.0}, point, LADDER).neighbours, math.inf) | {point: 1.0}
    assert certify(losses, point, LADDER).certified


def test_a_point_off_its_ladder_is_named():
    with pytest.raises(ValueError, match="optim.lr=0.006"):
        certify({(6e-3, 8, 1.6): 1.0}, (6e-3, 8, 1.6), LADDER)
