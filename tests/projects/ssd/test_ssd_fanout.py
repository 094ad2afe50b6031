"""Fan-outs: the worked values of Theorem 12, and that the whole numbers are the best there are."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.ssd import fanout
from shared.errors import BadInput

shares = st.lists(st.floats(0.01, 1), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("acceptance", "exponent", "lookahead", "budget", "expected"),
    [
        (0.9, 1.0, 7, 24, [2.93, 2.78, 2.64, 2.50, 2.37, 2.25, 2.13, 6.40]),
        (0.8, 1.0, 7, 24, [3.90, 3.49, 3.12, 2.79, 2.49, 2.23, 2.00, 3.99]),
        (0.6, 0.9, 7, 24, [6.25, 4.77, 3.65, 2.79, 2.13, 1.63, 1.24, 1.54]),
        (0.8, 1.0, 4, 10, [2.07, 1.85, 1.65, 1.48, 2.96]),
    ],
)
def test_theorem_12(acceptance, exponent, lookahead, budget, expected):
    found = fanout.geometric(acceptance, exponent, lookahead, budget)
    np.testing.assert_allclose(found, expected, atol=0.006)
    whole = fanout.optimum(fanout.outcomes(acceptance, lookahead), budget, exponent)
    assert np.abs(whole - found).max() < 1 and whole.sum() == budget


def test_model_hit_rates_of_geometric_and_uniform():
    for acceptance, exponent, geometric, uniform in ((0.9, 1.0, 0.720, 0.667), (0.6, 0.9, 0.704, 0.628)):
        pi = fanout.outcomes(acceptance, 7)
        assert fanout.hit_rate(pi, fanout.geometric(acceptance, exponent, 7, 24), exponent, 1.0) == pytest.approx(geometric, abs=6e-4)
        assert fanout.hit_rate(pi, fanout.uniform(7, 24), exponent, 1.0) == pytest.approx(uniform, abs=6e-4)


@given(shares, st.integers(0, 7), st.floats(0.2, 3), st.floats(0.05, 0.6))
def test_no_other_whole_numbers_hit_more(pi, budget, exponent, miss):
    found = fanout.optimum(pi, budget, exponent, miss)
    every = (fans for fans in itertools.product(range(budget + 1), repeat=len(pi)) if sum(fans) == budget)
    best = max(fanout.hit_rate(pi, fans, exponent, miss) for fans in every)
    assert found.sum() == budget and fanout.hit_rate(pi, found, exponent, miss) == pytest.approx(best, abs=1e-12)


@given(st.floats(0.05, 0.95), st.integers(1, 8), st.integers(1, 40), st.floats(0.3, 2), st.floats(0.1, 0.6))
def test_geometric_hits_at_least_as_often_as_uniform(acceptance, lookahead, fan, exponent, miss):
    pi = fanout.outcomes(acceptance, lookahead)
    budget = fan * (lookahead + 1)
    rates = [
        fanout.hit_rate(pi, fans, exponent, miss)
        for fans in (fanout.optimum(pi, budget, exponent, miss), fanout.uniform(lookahead, budget))
    ]
    assert rates[0] >= rates[1] - 1e-12


def test_after_a_fast_backup_nearly_all_goes_to_the_first_position():
    assert fanout.optimum(fanout.outcomes(1 / 512, 7), 24)[0] >= 23
    assert fanout.optimum(fanout.outcomes(0.05, 7), 24)[0] >= 20


def test_a_tiny_vocabulary_caps_every_fan():
    found = fanout.optimum(fanout.outcomes(0.5, 2), 9, limit=3)
    assert found.tolist() == [3, 3, 3]
    with pytest.raises(BadInput, match="lower spec.budget"):
        fanout.optimum(fanout.outcomes(0.5, 2), 10, limit=3)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=12))
def test_the_concave_curve_lies_above_and_touches_at_the_end(gains):
    found = fanout.concave(np.array(gains))
    assert (np.diff(found) <= 1e-12).all()
    assert (found.cumsum() >= np.cumsum(gains) - 1e-9).all() and found.sum() == pytest.approx(sum(gains), abs=1e-9)


@pytest.mark.parametrize(
    ("fans", "says"), [((1, 2), "give 3 whole"), ((1, 1, 1), "sum spec.budget=4"), ((-1, 4, 1), "from 0"), ((4, 0, 0), "lower it")]
)
def test_a_wrong_list_names_the_remedy(fans, says):
    with pytest.raises(BadInput, match=says):
        fanout.explicit(fans, 2, 4, vocab=4)


def test_a_right_list_is_taken_as_it_is():
    assert fanout.explicit((2, 0, 2), 2, 4, vocab=8).tolist() == [2, 0, 2]


def test_a_budget_that_does_not_divide_says_which_does():
    with pytest.raises(BadInput, match="spec.budget=24"):
        fanout.uniform(7, 25)
    assert fanout.uniform(7, 24).tolist() == [3] * 8
