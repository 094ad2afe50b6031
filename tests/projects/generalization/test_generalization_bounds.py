"""Bounds against values worked out beforehand, against each other and against their definitions (E1)."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.generalization import bounds
from shared.errors import BadInput

DELTA = 0.05
# bits, training error, n -> Hoeffding, McAllester, Catoni over the grid, kl inverse
KNOWN = {
    (2_500, 0.20, 60_000): (0.32027, 0.32065, 0.30732, 0.30675),
    (1_500, 0.02, 60_000): (0.11322, 0.11371, 0.05844, 0.05803),
    (4_000, 0.10, 60_000): (0.25209, 0.25239, 0.21523, 0.21481),
    (2_500, 0.20, 4_000): (0.66581, 0.66696, 0.65704, 0.65479),
    (30_000, 0.0, 60_000): (0.41631, 0.41642, 0.29323, 0.29300),
    (6_000, 0.35, 50_000): (0.55401, 0.55427, 0.55353, 0.55311),
    (0, 0.0, 60_000): (0.00500, 0.01080, 0.00044, 0.00015),
}
MADE = (bounds.occam, bounds.mcallester, lambda *given: bounds.catoni(*given).value, bounds.kl_inverse)

quick = settings(deadline=None, max_examples=40)
risks = st.floats(0, 1)
costs = st.floats(0, 5e4)
counts = st.integers(2, 200_000)


@pytest.mark.parametrize("case", KNOWN, ids=str)
def test_known_values(case):
    bits, risk, count = case
    found = [bound(risk, bounds.nats(bits), count, DELTA) for bound in MADE]
    assert found == pytest.approx(KNOWN[case], abs=1e-4)


@quick
@given(risks, costs, counts)
def test_catoni_has_no_better_lambda_on_its_grid(risk, cost, count):
    least = min(bounds.on_the_grid(math.log1p(bounds.GRID) * j, risk, cost, count, DELTA) for j in range(0, 300_000, 5_000))
    assert bounds.catoni(risk, cost, count, DELTA).value <= min(1, least) + 1e-9


@quick
@given(risks, costs, counts)
def test_the_kl_inverse_is_where_the_divergence_reaches_its_limit(risk, cost, count):
    found = bounds.kl_inverse(risk, cost, count, DELTA)
    limit = (cost + math.log(2 * math.sqrt(count) / DELTA)) / count
    assert risk <= found <= 1
    assert bounds.divergence(risk, found - 1e-6) <= limit if found - 1e-6 > risk else True
    assert found > 1 - 1e-9 or bounds.divergence(risk, found + 1e-9) >= limit


@quick
@given(risks, costs, st.floats(0, 1e3), counts)
@pytest.mark.parametrize("bound", MADE)
def test_a_longer_code_or_fewer_points_never_tighten_a_bound(bound, risk, cost, more, count):
    value = bound(risk, cost, count, DELTA)
    assert value >= min(risk, 1) - 1e-12
    assert bound(risk, cost + more, count, DELTA) >= value - 1e-9
    assert bound(risk, cost, 2 * count, DELTA) <= value + 1e-9


def test_what_was_picked_with_the_data_is_charged():
    assert bounds.nats(100, choices=8) == pytest.approx(bounds.nats(103))
    assert bounds.prefix_free(1_024) == 1_044


# -- language models ------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("alpha, spread", [(0.5, 15.617), (0.1, 18.787), (0.01, 22.246)])
def test_known_spreads(alpha, spread):
    assert bounds.smoothed_spread(alpha, 50_257) == pytest.approx(spread, abs=1e-3)


@quick
@given(st.floats(-1_000, 0), st.floats(1e-6, 1 - 1e-6), st.integers(2, 100_000))
def test_smoothed_bits_lie_in_their_interval(log2_p, alpha, vocab):
    bits = bounds.smoothed(log2_p, alpha, vocab)
    top = math.log2(vocab / alpha)
    assert top - bounds.smoothed_spread(alpha, vocab) - 1e-9 <= bits <= top + 1e-9


def test_a_subsample_costs_an_error_of_its_own():
    """As coded by the authors: r = k / (k + m) of delta goes to the models, the rest to the drawing."""
    count, drawn, cost, share = 30_000, 10_000, 4_000.0, 0.25
    wanted = 5 + 8 * (
        math.sqrt((cost - math.log(share * DELTA)) / (2 * count)) + math.sqrt(-math.log((1 - share) * DELTA) / (2 * drawn))
    )
    assert bounds.sampled(5, cost, count, drawn, DELTA, 8) == pytest.approx(wanted)
    assert bounds.sampled(5, cost, count, count, DELTA, 8) == bounds.occam(5, cost, count, DELTA, 8)


def test_the_share_of_uniform_predictions_is_charged():
    """Of a model that is always right."""
    risk = lambda alpha: bounds.smoothed(0, alpha, 256)  # noqa: E731
    many = bounds.language(risk, [0.9, 0.1], 256, 500.0, 30_000, 30_000, DELTA)
    again = bounds.sampled(risk(0.1), 500.0 + math.log(2), 30_000, 30_000, DELTA, bounds.smoothed_spread(0.1, 256))
    assert many.alpha == 0.1
    assert many.value == pytest.approx(again)


# -- bad input ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("delta", [0.0, 1.0, -0.1, 1.5, math.nan])
@pytest.mark.parametrize("bound", MADE)
def test_delta_is_a_chance(bound, delta):
    with pytest.raises(BadInput, match="above 0 and below 1") as error:
        bound(0.1, 10.0, 100, delta)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("call, said", [
    (lambda: bounds.kl_inverse(1.1, 1.0, 10, DELTA), "between 0 and 1"),
    (lambda: bounds.occam(0.1, 1.0, 0, DELTA), "at least one point"),
    (lambda: bounds.occam(0.1, -1.0, 10, DELTA), "at least 0"),
    (lambda: bounds.occam(0.1, math.nan, 10, DELTA), "finite"),
    (lambda: bounds.nats(-2), "at least 0"),
    (lambda: bounds.nats(10, choices=0), "count every one that was tried"),
    (lambda: bounds.sampled(0.1, 1.0, 10, 11, DELTA), "at most all"),
    (lambda: bounds.smoothed_spread(0.0, 256), "above 0 and below 1"),
    (lambda: bounds.smoothed_spread(0.5, 1), "at least 2"),
    (lambda: bounds.language(lambda alpha: 1.0, [], 256, 1.0, 10, 10, DELTA), "at least one"),
])  # fmt: skip
def test_what_no_bound_can_take(call, said):
    with pytest.raises(BadInput, match=said) as error:
        call()
    assert "\n" not in str(error.value)
