"""The formulas against each other, against the published numbers, and against Monte Carlo of a tabular model (within 2%)."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.ssd import fanout, theory
from projects.ssd.theory import Times
from tests.projects.ssd.tabular import World, together

UNIT = Times(1, 1, 0.9, 0.6, 0.6)
probability = st.floats(0.01, 0.99)


def run(world, fans, backup, times, lookahead, rounds, batch=1):
    world.start(batch)
    return together([world.round(n, fans, backup, times, lookahead) for n in range(rounds)])


def exact(world, fans, backup, lookahead):
    """p, E_hit and E_miss from the tables alone."""
    p = theory.alternating(world.hit_rate("hit", fans["hit"]), world.hit_rate(backup, fans["miss"]))
    return p, *(theory.expected_tokens(world.acceptance(source), lookahead) for source in ("hit", backup))


@pytest.mark.parametrize("backup", ["neural", "random", "ngram"])
@pytest.mark.parametrize("batch", [1, 4])
def test_speed_of_a_simulated_engine(backup, batch):
    """Theorem 7, and Theorem 17 with four rows in lockstep."""
    world, lookahead = World.make(1), 4
    fans = {"hit": np.array([3, 2, 2, 1, 4]), "miss": np.array([3, 2, 2, 1, 4]) if backup == "neural" else np.array([11, 1, 0, 0, 0])}
    times = UNIT if backup == "neural" else Times(1, 1, 0.9, 0.02, 0.6)
    rows = run(world, fans, backup, times, lookahead, 20_000, batch)
    measured = rows["emitted"].sum() / batch / world.clock
    p, hit, miss = exact(world, fans, backup, lookahead)
    known = rows["hit"] >= 0
    assert p == pytest.approx((rows["hit"][known] == 1).mean(), rel=0.02)
    assert theory.speedup(p, hit, miss, times, batch) == pytest.approx(measured, rel=0.02)


@pytest.mark.parametrize(("backup", "cost"), [("neural", 0.6), ("random", 0.02)])
def test_corollary_16_in_simulation(backup, cost):
    """Some row of 96 always misses, so every round waits for the backup: the speed is that of the limit, however many rows hit."""
    world, lookahead, fans = World.make(1), 4, np.array([3, 2, 2, 1, 4])
    rows = run(world, {"hit": fans, "miss": fans}, backup, Times(1, 1, 0.9, cost, 0.6), lookahead, 400, 96)
    p, hit, miss = exact(world, {"hit": fans, "miss": fans}, backup, lookahead)
    limit = (p * hit + (1 - p) * miss) / (1 + cost)
    assert rows["emitted"].sum() / 96 / world.clock == pytest.approx(limit, rel=0.02)
    assert theory.speedup(p, hit, miss, Times(1, 1, 0.9, cost, 0.6), 96) == pytest.approx(limit, rel=1e-3)


def test_theorem_12_in_simulation():
    """The integer optimum for the true curves hits as often as they say, and oftener than a uniform fan-out."""
    world = World.make(2, noise=0.5)
    best, rate = world.best_fans("hit", 4, 15)
    measured = {}
    for name, fans in (("best", best), ("uniform", fanout.uniform(4, 15))):
        rows = run(world, {"hit": fans, "miss": fans}, "neural", UNIT, 4, 2, 60_000)
        measured[name] = (rows["hit"][rows["round"] == 1] == 1).mean()
    assert measured["best"] == pytest.approx(rate, rel=0.02)
    assert measured["best"] > measured["uniform"]


@pytest.mark.parametrize("fan", [1, 3])
def test_theorem_15_in_simulation(fan):
    """Acceptance and the hit rate after a rejection by formula and by drawing, and both move as they must when C falls."""
    world, hits, taken = World.make(3, noise=0.6), [], []
    for weight in (1.0, 0.5, 0.1, 0.0):
        k, rank = world.verify("hit", 200_000, 1, weight, fan)
        taken.append(world.acceptance("hit", weight, fan))
        hits.append(float(theory.residual_hit(world.p, world.q, fan, weight)))
        assert (k == 1).mean() == pytest.approx(taken[-1], rel=0.02)
        assert (rank[k == 0] < fan).mean() == pytest.approx(hits[-1], rel=0.02)
    assert hits == sorted(hits) and hits[-1] > hits[0] and taken == sorted(taken, reverse=True)


@given(st.integers(0, 10_000), st.integers(4, 12), st.integers(1, 3), st.floats(0, 1), st.floats(0, 1))
def test_theorem_15_holds_for_any_tables(seed, vocab, fan, one, other):
    rng = np.random.default_rng(seed)
    p, q = rng.dirichlet(np.ones(vocab)), rng.dirichlet(np.ones(vocab))
    low, high = sorted((one, other))
    mass = [np.maximum(p - theory.saguaro(q, fan, c), 0) for c in (low, high)]
    top = np.argsort(-q)[: fan + 1]
    shares = [left[top].sum() / left.sum() for left in mass]
    assert shares[0] >= shares[1] - 1e-9


@given(probability, st.integers(1, 12))
def test_tokens_of_a_round(acceptance, lookahead):
    closed = (1 - acceptance ** (lookahead + 1)) / (1 - acceptance)
    assert theory.expected_tokens(acceptance, lookahead) == pytest.approx(closed)
    assert theory.mean_tokens(fanout.outcomes(acceptance, lookahead)) == pytest.approx(closed)


@given(probability, st.floats(1, 8), st.floats(0.05, 2))
def test_corollary_8_the_overlap_never_loses_with_the_same_draft(p, tokens, draft):
    times = Times(1, 1, 1, draft, draft)
    assert theory.speedup(p, tokens, tokens, times) > theory.speedup_of_sd(tokens, times)


@given(probability, probability, st.integers(1, 8), st.floats(0.01, 2), st.floats(0, 1))
def test_corollary_9_bounds_the_gain(p, acceptance, lookahead, draft, worse):
    """E_miss from nothing to as good as a hit; at the lower bound misses emit nothing."""
    hit = theory.expected_tokens(acceptance, lookahead)
    times = Times(1, 1, 1, draft, draft)
    gain = theory.speedup(p, hit, worse * hit, times) / theory.speedup_of_sd(hit, times)
    low, high = theory.bounds_over_sd(p, hit, hit, draft)
    assert p * low - 1e-9 <= gain <= high + 1e-9
    assert theory.speedup(p, hit, hit, times) / theory.speedup_of_sd(hit, times) == pytest.approx(low)


@given(st.floats(0.3, 0.97), st.floats(3, 8), st.floats(0.5, 0.95), st.floats(0.05, 1.0))
def test_the_crossover_is_where_the_backups_are_equally_fast(p, hit, share, backup):
    fast, slow = 1.0, max(1.0, share * hit)
    b = theory.crossover(p, hit, slow, fast, backup)
    if math.isfinite(b) and b > 0:
        good = (p * hit + (1 - p) * slow) / (1 + (1 - p**b) * backup)
        assert good == pytest.approx(p * hit + (1 - p) * fast)


def test_the_published_step_of_the_official_engine():
    """p, E and T of a run on five H100: the model's step is 16.5 ms at batch 1 and 30.8 ms at 16."""
    assert theory.round_time(0.87, Times(15.01, 15.01, 15.01, 12.2)) == pytest.approx(16.5, abs=0.15)
    assert theory.round_time(0.88, Times(20.16, 20.16, 20.16, 12.2), 16) == pytest.approx(30.8, abs=0.2)


def test_a_slow_cache_is_waited_for():
    assert theory.round_time(1.0, Times(1, 2, 3, 5)) == 3
    assert theory.round_time(0.0, Times(1, 2, 3, 5)) == 8


def test_break_even_of_four_and_one():
    assert theory.break_even(4, 1) == 0.2


def test_acceptance_counts_what_was_examined():
    """Three rounds of K = 4: two accepted and one rejected, all four accepted, none accepted."""
    assert theory.acceptance([2, 4, 0], 4) == 6 / 8
    assert math.isnan(theory.acceptance([], 4))


def test_a_power_law_is_found_again():
    rng, fans = np.random.default_rng(0), np.array([1, 2, 3, 4, 6, 8, 12, 16, 24])
    misses = 0.4 * fans**-0.9
    exactly = theory.power_law(fans, 1 - misses, 10_000)
    assert (exactly.exponent, exactly.miss) == (pytest.approx(0.9), pytest.approx(0.4))
    np.testing.assert_allclose(exactly(fans), 1 - misses)
    uniform = rng.random(20_000)
    drawn = [(uniform > miss).mean() for miss in misses]
    assert theory.power_law(fans, drawn, 20_000).exponent == pytest.approx(0.9, rel=0.05)


def test_no_power_law_from_one_point():
    assert math.isnan(theory.power_law([1, 2], [0.5, 1.0], 100).exponent)
