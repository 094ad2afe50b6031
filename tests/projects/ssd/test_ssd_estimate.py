"""Estimates find what the tables say, and what the controller chooses is as fast as the best choice there is."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.ssd import fanout, theory
from projects.ssd.estimate import Controller, Estimates, Replay
from projects.ssd.theory import Times
from tests.projects.ssd.tabular import World

BACKUPS = ("neural", "ngram", "random")


def clock(lookahead: int, backup: str, cache: float = 0.9) -> Times:
    """A verification of 1 + 0.1 K, a draft token of 0.15, fast backups nearly free."""
    verify = 1 + 0.1 * lookahead
    return Times(1.0, verify, cache * verify, 0.15 * lookahead if backup == "neural" else 0.02)


def play(world, controller, rounds, batch=1, times=clock):
    """Lets a controller drive the simulated engine. Tokens per second and row over the second half."""
    world.start(batch)
    spent = kept = 0.0
    for number in range(rounds):
        choice = controller.choice
        begin = world.clock
        fans = {"hit": choice.hit, "miss": choice.miss}
        rows = world.round(number, fans, choice.backup, times(choice.lookahead, choice.backup), choice.lookahead)
        controller.observe(rows)
        if number >= rounds // 2:
            spent, kept = spent + world.clock - begin, kept + rows["emitted"].sum() / batch
    return kept / spent


def exactly(world, lookahead, backup, hit, miss, batch=1, times=clock):
    """Tokens per second and row of a choice, from the tables."""
    p = theory.alternating(world.hit_rate("hit", hit), world.hit_rate(backup, miss))
    tokens = [theory.expected_tokens(world.acceptance(source), lookahead) for source in ("hit", backup)]
    return theory.speedup(p, *tokens, times(lookahead, backup), batch)


def best(world, lookahead, backup, budget):
    return [world.best_fans(source, lookahead, budget)[0] for source in ("hit", backup)]


def test_estimates_agree_with_the_tables():
    world, lookahead = World.make(1), 4
    fans = {"hit": np.array([3, 2, 2, 1, 4]), "miss": np.array([12, 0, 0, 0, 0])}
    estimates = Estimates(lookahead, len(world.p), 12)
    world.start(4)
    for number in range(1500):
        estimates.observe(world.round(number, fans, "random", clock(lookahead, "random"), lookahead))
    for law in estimates.misses.values():
        law.fit()
    for source in ("hit", "random"):
        assert estimates.hazards[source].acceptance() == pytest.approx(world.acceptance(source), rel=0.1)
    np.testing.assert_allclose(estimates.hazards["hit"].shares(4), fanout.outcomes(world.acceptance("hit"), 4), atol=0.06)
    assert estimates.hit_rate("hit", fans["hit"]) == pytest.approx(world.hit_rate("hit", fans["hit"]), abs=0.08)
    assert estimates.time("verify", lookahead) == pytest.approx(1.4)
    assert estimates.backup_time("random", lookahead) == pytest.approx(0.02)


def test_times_between_measured_lookaheads_lie_on_a_line():
    world, estimates = World.make(1), Estimates(8, 64, 14)
    world.start(1)
    for lookahead in (2, 6):
        fans = fanout.uniform(lookahead, 2 * (lookahead + 1))
        for number in range(8):
            estimates.observe(world.round(number, {"hit": fans, "miss": fans}, "neural", clock(lookahead, "neural"), lookahead))
    for lookahead in (1, 2, 4, 6, 8):
        assert estimates.time("verify", lookahead) == pytest.approx(1 + 0.1 * lookahead)


@pytest.mark.parametrize("noise", [0.1, 0.6])
def test_fan_out_converges_to_the_best_one(noise):
    """The chosen fan-out hits within 3% of the best for the true curves, and not below a uniform one."""
    world = World.make(4, noise=noise)
    controller = Controller((4,), ("neural",), 15, 4, len(world.p))
    play(world, controller, 500, batch=4)
    chosen = world.hit_rate("hit", controller.choice.hit)
    assert chosen >= 0.97 * world.best_fans("hit", 4, 15)[1]
    assert chosen >= world.hit_rate("hit", fanout.uniform(4, 15)) - 0.01


def test_after_a_fast_backup_the_chosen_fan_out_is_mostly_at_the_front():
    world = World.make(4)
    controller = Controller((4,), ("random",), 15, 4, len(world.p))
    play(world, controller, 300, batch=4)
    choice = controller.choice
    assert choice.miss[0] >= 1.5 * choice.hit[0]
    assert world.hit_rate("random", choice.miss) >= 0.97 * world.best_fans("random", 4, 15)[1]


@pytest.mark.parametrize("batch", [1, 16])
@pytest.mark.parametrize("noise", [0.1, 0.5])
def test_backup_converges_to_the_fastest(batch, noise):
    """Within the margin of the best of three backups, whichever that is; and never below the fixed neural one by more."""
    world, lookahead, budget = World.make(8, noise=noise), 4, 15
    controller = Controller((lookahead,), BACKUPS, budget, batch, len(world.p))
    play(world, controller, 400, batch)
    speeds = {backup: exactly(world, lookahead, backup, *best(world, lookahead, backup, budget), batch) for backup in BACKUPS}
    choice = controller.choice
    assert exactly(world, *choice[:2], choice.hit, choice.miss, batch) >= 0.94 * max(speeds.values())


def test_a_large_batch_changes_the_backup():
    """Theorem 17: with a slow draft the neural backup wins alone and loses among 32 rows."""

    def slow(lookahead, backup):
        return Times(1.0, 1.0, 1.0, 0.35 if backup == "neural" else 0.0)

    chosen, world_of = {}, lambda: World.make(9, vocab=256, noise=0.2, sharpness=3.0)
    for batch in (1, 32):
        controller = Controller((6,), ("neural", "random"), 21, batch, 256)
        play(world_of(), controller, 300, batch, slow)
        chosen[batch] = controller.choice.backup
    assert chosen == {1: "neural", 32: "random"}
    world = world_of()
    for batch, backup in chosen.items():
        speeds = {one: exactly(world, 6, one, *best(world, 6, one, 21), batch, slow) for one in ("neural", "random")}
        assert max(speeds, key=speeds.get) == backup


@pytest.mark.parametrize("noise", [0.05, 0.7])
def test_lookahead_converges_to_the_fastest(noise):
    """Only the two ends of the ladder and the chosen K are ever timed."""
    world, ladder, budget = World.make(10, noise=noise), (1, 2, 4, 6, 8), 18
    controller = Controller(ladder, ("neural",), budget, 1, len(world.p))
    play(world, controller, 1500)
    speeds = {k: exactly(world, k, "neural", *best(world, k, "neural", budget)) for k in ladder}
    assert speeds[controller.choice.lookahead] >= 0.95 * max(speeds.values())


def test_what_is_fixed_stays():
    world, fans = World.make(3), np.array([3, 3, 3])
    controller = Controller((2,), ("ngram",), 9, 2, len(world.p), fixed=lambda source, lookahead: fans)
    play(world, controller, 100, 2)
    order = controller.order()
    assert (order.lookahead, order.backup) == (2, "ngram")
    for one in (order.hit, order.miss):
        assert one.kidx.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2] and one.rank.tolist() == [0, 1, 2] * 3


def test_a_vocabulary_smaller_than_the_budget_leaves_branches_unused():
    order = Controller((2,), ("neural",), 40, 1, 8).order()
    assert len(order.hit.kidx) == 40 and (order.hit.kidx >= 0).sum() == 21


@pytest.mark.parametrize("seed", range(4))
def test_automatic_is_not_slower_than_the_default(seed):
    """The whole simulated run after its first half, against uniform fan-out, neural backup and K = 4."""
    rng = np.random.default_rng(seed)
    world = World.make(seed, noise=rng.uniform(0.05, 0.6), sharpness=rng.uniform(1, 3))
    batch, cache = int(rng.integers(1, 9)), rng.uniform(0.6, 1.3)

    def times(lookahead, backup):
        return clock(lookahead, backup, cache)

    uniform = {k: fanout.optimum(np.ones(k + 1), 15) for k in (2, 4, 6)}
    automatic = play(world, Controller((2, 4, 6), BACKUPS, 15, batch, len(world.p)), 1000, batch, times)
    default = exactly(world, 4, "neural", uniform[4], uniform[4], batch, times)
    assert automatic >= 0.97 * default


@given(st.lists(st.integers(0, 2), min_size=2, max_size=60), st.lists(st.integers(1, 4), min_size=1, max_size=20))
def test_replay_judges_every_proposal_as_prompt_lookup_would_have_fared(tokens, cuts):
    """Against the plain definition, for a stream cut into rounds anywhere."""
    lookahead, order = 3, 3
    replay = Replay(lookahead, order)
    replay.start(0, tokens[:2])
    ends = [min(end, len(tokens)) for end in itertools.accumulate([2, *cuts])]
    cut = [(start, end) for start, end in itertools.pairwise(ends) if end > start]
    found = [pair for start, end in cut for pair in replay.judge(0, tokens[start:end])]
    wanted = []
    for start, _ in cut:
        text = tokens[:start]
        runs = {i: sum(1 for n in range(1, order + 1) if i >= n and text[i - n : i] == text[start - n :]) for i in range(1, start)}
        copy = max(runs, key=lambda i: (runs[i], i))
        proposal = [text[copy + i % (start - copy)] for i in range(lookahead)]
        seen = tokens[start : ends[-1]][:lookahead]
        same = next((i for i, (a, b) in enumerate(zip(proposal, seen, strict=False)) if a != b), len(seen))
        if same < len(seen) or same == lookahead:
            wanted.append((same, lookahead))
    assert sorted(found) == sorted(wanted)
