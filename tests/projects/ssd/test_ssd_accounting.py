"""Numbers from round records: the accounting identity, the windows of time, and agreement with what is known exactly."""

import numpy as np
import pytest

from projects.ssd import accounting
from projects.ssd.theory import Times
from tests.projects.ssd.tabular import World, together

TIMES = Times(1, 1.5, 1.2, 0.6, 0.6)
FANS = {"hit": np.array([3, 2, 2, 1, 4]), "miss": np.array([3, 2, 2, 1, 4])}


def waves(backup="neural", count=20, rounds=100, batch=2):
    world = World.make(5)
    found = []
    for _ in range(count):
        world.start(batch)
        found.append(together([world.round(n, FANS, backup, TIMES, 4) for n in range(rounds)]))
    return world, found


def test_tokens_per_round_follow_from_hits_exactly():
    _, found = waves()
    got = accounting.numbers(found, 4)
    assert got["tok_round"] == pytest.approx(got["p_hit"] * got["E_hit"] + (1 - got["p_hit"]) * got["E_miss"], rel=1e-12)
    assert got["rows"] == 20 * 99 * 2
    assert sum(got[f"hist/{k}"] for k in range(5)) == pytest.approx(1)


@pytest.mark.parametrize("backup", ["neural", "random"])
def test_rates_agree_with_the_tables(backup):
    world, found = waves(backup)
    got = accounting.numbers(found, 4)
    assert got["a_p"] == pytest.approx(world.acceptance("hit"), abs=4 * got["a_p/se"]) or backup == "random"
    k, rank = world.verify("hit", 100_000, 4)
    for fan in (1, 3, 8):
        assert got[f"rate/primary/{fan}"] == pytest.approx((rank < fan).mean(), abs=5 * got[f"rate/primary/{fan}/se"])
    assert (got["rate_n/backup"] > 0) == (backup == "random")
    rates = [got[f"rate/primary/{fan}"] for fan in accounting.FANS]
    assert rates == sorted(rates)


def test_a_batch_hits_only_when_every_row_does():
    _, found = waves(batch=3)
    got = accounting.numbers(found, 4)
    assert got["p_hit_batch"] == pytest.approx(got["p_hit"] ** 3, abs=0.05)


def test_the_standard_error_is_the_spread_of_repetitions():
    world = World.make(6)
    rates, errors = [], []
    for _ in range(60):
        world.start(40)
        got = accounting.numbers([together([world.round(n, FANS, "random", TIMES, 4) for n in range(25)])], 4)
        rates.append(got["p_hit"])
        errors.append(got["p_hit/se"])
    assert np.mean(errors) == pytest.approx(np.std(rates), rel=0.3)


def test_times_and_speed_are_those_of_the_clock():
    _, found = waves(batch=1)
    got = accounting.overlapped(found)
    assert got["T_v_overlapped_ms"] == pytest.approx(1500)
    assert got["T_p_ms"] == pytest.approx(1200)
    assert got["T_b_ms"] == pytest.approx(600)
    assert (got["T_hit_ms"], got["T_miss_ms"]) == (pytest.approx(1500), pytest.approx(2100))
    seconds = sum(wave["t_round"].max() - wave["t_dispatch"].min() for wave in found)
    assert accounting.rate(found) == pytest.approx(sum(wave["emitted"].sum() for wave in found) / seconds)
    assert accounting.verify_ms(found) == pytest.approx(1500)


def test_reading_prompts_between_two_batches_is_no_decoding():
    """One call with two batches after one another, ten seconds apart, against a call for each."""
    _, (one, other) = waves(count=2, batch=2)
    shift = {name: other[name] + 10 for name in ("t_dispatch", "t_verify", "t_draft", "t_round")}
    later = other | shift | {"round": other["round"] + 100, "seq": other["seq"] + 2}
    assert accounting.rate([together([one, later])]) == pytest.approx(accounting.rate([one, later]))
    assert accounting.overlapped([together([one, later])]) == accounting.overlapped([one, later])
    assert accounting.numbers([together([one, later])], 4) == pytest.approx(accounting.numbers([one, later], 4))


def test_truncated_tokens_earn_no_speed():
    _, found = waves(count=1)
    half = found[0] | {"emitted": found[0]["emitted"] * 0.5}
    assert accounting.rate([half]) == pytest.approx(accounting.rate(found) / 2)


def test_expectations_agree_with_counts():
    """The low-variance estimator over drawn chains, against the outcomes drawn for the same tables."""
    world, lookahead, count, fans = World.make(7), 3, 4_000, (3, 2, 1, 4)
    vocab = len(world.p)
    drafted = world.rng.choice(vocab, size=(count, lookahead), p=world.q)
    p = np.broadcast_to(world.p, (count, lookahead + 1, vocab))
    q = np.broadcast_to(world.q, (count, lookahead, vocab))
    trunk = np.broadcast_to(np.log(world.q), (count, lookahead + 1, vocab))
    got = accounting.expected(p, q, drafted, trunk, fans)
    k, rank = world.verify("hit", 100_000, lookahead)
    assert got["p_hit/expected"] == pytest.approx((rank < np.array(fans)[k]).mean(), rel=0.02)
    assert got["tok_round/expected"] == pytest.approx(k.mean() + 1, rel=0.02)
    assert got["alpha/expected"] == pytest.approx(world.acceptance("hit"), rel=1e-6)
