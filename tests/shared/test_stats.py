"""Fits recover what was planted, intervals cover it, and hopeless data are refused with a reason."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.stats import (
    Interval,
    chinchilla,
    drawn_interval,
    leave_one_out,
    mean_interval,
    paired_interval,
    power,
    reciprocal,
    refits,
    wilson,
)

constants = {"a": st.floats(0.01, 5), "b": st.floats(0.15, 3), "c": st.floats(0.2, 5)}

SIZES = [0.0626, 0.1497, 0.3037, 0.6337]  # millions of parameters

# Twenty members, another group's run (first member left out): a fit of 0.1668 / K^0.431 + 2.9536.
EXTERNAL = [3.1200, 3.0775, 3.0582, 3.0464, 3.0368, 3.0304, 3.0259, 3.0211, 3.0178, 3.0143]
EXTERNAL += [3.0121, 3.0105, 3.0082, 3.0067, 3.0058, 3.0043, 3.0034, 3.0022, 3.0014]


@given(**constants, points=st.integers(4, 9))
@settings(max_examples=40, deadline=None)
def test_power_recovers_planted_constants(a, b, c, points):
    x = np.arange(1, points + 1)
    fit = power(x, a / x**b + c)
    assert not fit.refused
    assert list(fit.parameters.values()) == pytest.approx([a, b, c], rel=2e-3, abs=2e-3)
    assert fit.r2 == pytest.approx(1)


def test_power_on_the_external_series():
    fit = power(range(1, 20), EXTERNAL)
    assert list(fit.parameters.values()) == pytest.approx([0.1668, 0.431, 2.9536], rel=1e-3)


def test_power_on_the_papers_joint_limits():
    fit = power([0.15, 0.3, 0.6, 1.4], [3.494941417720857, 3.2729813419904183, 3.2122277662817145, 3.173966150932168])
    assert (fit.parameters["A"], fit.parameters["B"], fit.asymptote) == pytest.approx((0.016, 1.594, 3.169), abs=1e-3)


def test_power_agrees_with_curve_fit():
    """The authors' call, scipy's curve_fit with their bounds and start, finds the same minimum or a worse one."""
    from scipy.optimize import curve_fit

    x = np.array([0.2097, 0.4194, 0.8389, 1.6777])
    y = np.array([3.169, 2.980, 2.789, 2.657])
    theirs, _ = curve_fit(lambda x, a, b, c: a / x**b + c, x, y, p0=(1, 0.5, 2), bounds=(0, np.inf))
    fit = power(x, y)
    assert np.sum((fit(x) - y) ** 2) <= np.sum((theirs[0] / x ** theirs[1] + theirs[2] - y) ** 2) * (1 + 1e-9)


@given(a=constants["a"], c=constants["c"])
@settings(max_examples=20, deadline=None)
def test_reciprocal_recovers_planted_constants(a, c):
    x = np.array([1.0, 2.0, 3.0])
    fit = reciprocal(x, a / x + c)
    assert not fit.refused and (fit.parameters["A"], fit.asymptote) == pytest.approx((a, c))


def test_chinchilla_recovers_planted_constants():
    n, d = (grid.ravel() for grid in np.meshgrid([0.15, 0.3, 0.6, 1.4], [0.2, 0.4, 0.8, 1.6]))
    fit = chinchilla(n, d, 0.05 / n**1.02 + 0.9 / d**0.24 + 1.9)
    assert not fit.refused
    assert list(fit.parameters.values()) == pytest.approx([0.05, 1.02, 0.9, 0.24, 1.9], rel=1e-3)


@given(**constants, x=st.floats(0.1, 50))
@settings(max_examples=30, deadline=None)
def test_inversion_undoes_the_law(a, b, c, x):
    grid = np.arange(1, 7)
    fit = power(grid, a / grid**b + c)
    loss = float(fit(x))
    if loss - fit.asymptote > 1e-6:
        assert fit.invert(loss) == pytest.approx(x, rel=1e-4)


def test_inversion_below_the_asymptote_is_infinite():
    assert math.isinf(reciprocal([1, 2, 3], [3, 2.5, 2.3]).invert(1.0))


@pytest.mark.parametrize(
    ("law", "x", "y", "reason"),
    (
        (power, [1, 2], [3, 2], "2 points, and 4 are wanted"),
        (power, [1, 2, 3], [3, 2.5, 2.3], "3 points, and 4 are wanted"),
        (power, [1, 1, 2, 2], [3, 3, 2, 2], "2 points, and 4 are wanted"),
        (power, [], [], "0 points"),
        (power, [1, 2, 3, 4], [1.0, 0.9, 0.8, 0.7], "asymptote sits at its bound 0"),
        (power, [1, 2, 3, 4], [3, 3.1, 3.2, 3.3], "does not fall"),
        (power, [1, 2, 3, 4], [3, 2, 2, 2], "exponent"),
        (power, [1, 2, 3, 4], [3, 2, math.nan, 2], "not finite"),
        (power, SIZES, [4.0, 3.6, 3.7, 3.5], "lies above the lowest loss 3.500"),
        (reciprocal, SIZES, [4.2, 4.0, 3.8, 3.6], "lies above the lowest loss 3.600"),
        (reciprocal, [1, 2, 3, 4], [3.5, 3.1, 3.25, 3.0], "R2 0.76 is below 0.9"),
        (reciprocal, [1, 2], [3, 2], "2 points, and 3 are wanted"),
        (reciprocal, [1, 2, 3], [1, 0.1, 0.05], "bound 0"),
        (reciprocal, [1, 2, 3], [1, 2, 3], "does not fall"),
    ),
)
def test_hopeless_data_are_refused_with_a_reason(law, x, y, reason):
    assert reason in law(x, y).refused


def test_chinchilla_refuses_too_few_points():
    assert "5 points" in chinchilla([1] * 5, [1] * 5, [1] * 5).refused


def test_chinchilla_says_which_parameter_sits_at_its_bound():
    n, d = (grid.ravel() for grid in np.meshgrid([1.0, 2.0, 4.0], [1.0, 2.0, 4.0]))
    assert "C" in chinchilla(n, d, 1 / n**0.5 + 1 / d**0.5 - 0.5).refused


def asymptote_interval(law, x, y, noise=None, seed=0) -> Interval:
    return drawn_interval(law(x, y).asymptote, [fit.asymptote for fit in refits(law, x, y, noise, seed)], len(y))


def test_interval_of_a_law_covers_the_planted_asymptote():
    x, rng = np.arange(1, 9), np.random.default_rng(0)
    covered = 0
    for trial in range(20):
        y = 0.3 / x + 3.0 + rng.normal(0, 0.002, 8)
        one = asymptote_interval(reciprocal, x, y, seed=trial)
        covered += one.low <= 3.0 <= one.high
    assert covered >= 17


def test_noise_over_seeds_widens_the_interval():
    x = np.array([1.0, 2.0, 4.0, 8.0])
    y = 0.3 / x + 3.0
    narrow, wide = (asymptote_interval(power, x, y, noise=[noise] * 4) for noise in (0.001, 0.01))
    assert narrow.high - narrow.low < wide.high - wide.low


def test_no_interval_without_a_spare_point():
    assert math.isnan(asymptote_interval(power, [1, 2, 3], [3, 2.5, 2.3]).low)


def test_leaving_one_out_spans_the_asymptote_of_a_clean_law():
    x = np.arange(1, 7)
    one = leave_one_out(power, x, 0.3 / x**0.8 + 3.0)
    assert (one.low, one.high) == pytest.approx((3.0, 3.0), abs=1e-4)


def test_leaving_one_out_of_nothing_has_no_range():
    assert math.isnan(leave_one_out(power, [], []).low)


def test_mean_interval_is_students():
    one = mean_interval([1.0, 2.0, 3.0])
    assert (one.mean, one.low, one.high, one.n) == pytest.approx((2.0, 2 - 4.3027 / math.sqrt(3), 2 + 4.3027 / math.sqrt(3), 3), abs=1e-4)


def test_mean_interval_covers_at_three_seeds():
    draws = np.random.default_rng(0).normal(0, 1, (500, 3))
    assert np.mean([one.low <= 0 <= one.high for one in map(mean_interval, draws)]) == pytest.approx(0.95, abs=0.03)


def test_infinite_draws_give_an_infinite_end():
    one = drawn_interval(2.0, [1.0] * 50 + [math.inf] * 50, 4)
    assert (one.low, one.high) == (1.0, math.inf)


def test_one_value_has_no_interval_and_none_no_mean():
    assert math.isnan(mean_interval([1.0]).low) and mean_interval([1.0]).mean == 1.0
    assert math.isnan(mean_interval([]).mean)


@given(st.integers(1, 500), st.data())
@settings(deadline=None)
def test_wilson_is_scipy_s_interval(trials, data):
    from scipy.stats import binomtest

    successes = data.draw(st.integers(0, trials))
    theirs = binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    one = wilson(successes, trials)
    assert (one.mean, one.low, one.high) == pytest.approx((successes / trials, theirs.low, theirs.high), abs=1e-6)


def test_wilson_covers_the_share_it_says():
    """Over all outcomes of 50 trials, as often as it should on average over shares."""
    from scipy.stats import binom

    intervals = [wilson(count, 50) for count in range(51)]
    covered = [sum(binom.pmf(k, 50, p) for k, one in enumerate(intervals) if one.low <= p <= one.high) for p in np.linspace(0.02, 0.98, 97)]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.01) and min(covered) > 0.88


def test_wilson_of_no_trials_is_unknown():
    assert math.isnan(wilson(0, 0).low)


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1, 1)), min_size=2, max_size=12), st.floats(-10, 10))
@settings(deadline=None)
def test_what_pairs_share_drops_out_of_their_difference(seeds, gain):
    """However much the seeds differ, the interval is that of what the two do not share."""
    theirs = [seed for seed, _ in seeds]
    ours = [seed + gain + own for seed, own in seeds]
    found, own = paired_interval(ours, theirs), mean_interval([gain + own for _, own in seeds])
    assert (found.mean, found.low, found.high) == pytest.approx((own.mean, own.low, own.high), abs=1e-9)
    assert found.n == len(seeds)
    other = paired_interval(theirs, ours)
    assert (other.low, other.high) == pytest.approx((-found.high, -found.low), abs=1e-9)


def test_pairs_come_in_twos():
    with pytest.raises(ValueError):
        paired_interval([1.0, 2.0], [1.0])
