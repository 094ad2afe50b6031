"""Solvers find what can be found, hold the laws they promise, and know no neighbours."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ml_collections import ConfigDict

from projects.lewm.solvers import solver
from projects.lewm.solvers.cem import cem
from projects.lewm.solvers.gradient import OPTIMIZERS, descend
from projects.lewm.solvers.icem import coloured, icem
from projects.lewm.solvers.mppi import mppi

SHAPE = (5, 4)  # H, 5A
BOUNDS = {"low": jnp.full(4, -1.5), "high": jnp.full(4, 1.5)}
PLAN = {"samples": 64, "elites": 8, "iterations": 6, "beta": 2.0, "momentum": 0.1, "keep": 5, "temperature": 0.5, "lr": 0.1}
NAMES = ("cem", "icem", "mppi", "adam", "sgd", "rmsprop")

seeds = st.integers(0, 2**31 - 1)


def named(name, **changes):
    return solver(ConfigDict({**PLAN, "solver": name, **changes}), **BOUNDS)


def bowl(seed: int, shape=SHAPE):
    """A convex quadratic in [H, 5A], the longest axis of its level sets 1.7 times the shortest: its matrix, and where its minimum is."""
    rng = np.random.default_rng(seed)
    size = shape[0] * shape[1]
    turn, _ = np.linalg.qr(rng.normal(size=(size, size)))
    return np.float32(turn * rng.uniform(1 / 3, 1, size) @ turn.T), np.float32(rng.uniform(-1, 1, shape))


def quadratic(curvature, centre):
    def cost(plans):
        off = (plans - centre).reshape(len(plans), -1)
        return jnp.einsum("si,ij,sj->s", off, curvature, off)

    return cost


def searched(solve):
    """(bowl, key) -> what the solver finds; compiled once for all bowls."""
    return jax.jit(lambda bowl, key: solve(quadratic(*bowl), key, bowl[1].shape))


CEM = searched(partial(cem, samples=300, elites=30, iterations=40))


@given(seeds)
@settings(max_examples=50, deadline=None)
def test_cem_finds_the_bottom_of_a_bowl(seed):
    there = bowl(seed)
    assert float(jnp.abs(CEM(there, jax.random.key(seed)).plan - there[1]).max()) < 0.05


@pytest.mark.parametrize("name", ("icem", "adam", "sgd", "rmsprop"))
def test_the_others_find_it_too(name):
    solve = named(name, samples=300, elites=40, iterations=100, beta=1.0)
    for seed in range(3):
        there = bowl(seed)
        assert float(jnp.abs(searched(solve)(there, jax.random.key(seed)).plan - there[1]).max()) < 0.1


def test_mppi_averages_by_cost():
    """Exact in the limit: N(0, 1) weighted by exp(-x^2 / T) around c has its mean at 2c / (2 + T); from there on it is drawn again."""
    centre, temperature = 1.2, 0.5
    cost = lambda plans: ((plans - centre) ** 2).sum((1, 2))  # noqa: E731
    expected = 0.0
    for iterations in (1, 2, 3):
        expected += 2 / (2 + temperature) * (centre - expected)
        plan = mppi(cost, jax.random.key(0), (1, 1), samples=20_000, elites=20_000, iterations=iterations, temperature=temperature).plan
        assert float(plan[0, 0]) == pytest.approx(expected, abs=0.02)


def test_cem_of_two_iterations_by_hand():
    """Sample 0 is the mean; the rest are normal, first N(0, 1); the answer is the plain mean of the elites."""
    cost, seen = quadratic(*bowl(0)), []
    found = cem(lambda plans: (jax.debug.callback(seen.append, plans, ordered=True), cost(plans))[1], jax.random.key(0), SHAPE,
                samples=200, elites=7, iterations=2)  # fmt: skip
    jax.effects_barrier()
    first, second = map(np.asarray, seen)
    elites = first[np.argsort(found.costs[0])[:7]]
    assert not first[0].any()
    np.testing.assert_allclose(second[0], elites.mean(0), atol=1e-6)
    later = (second[1:] - second[0]) / elites.std(0, ddof=1)  # standard normal again
    assert abs(later.std() - 1) < 0.05 and abs(later.mean()) < 0.05
    np.testing.assert_allclose(found.plan, second[np.argsort(found.costs[1])[:7]].mean(0), atol=1e-6)


FEW = searched(partial(cem, samples=40, elites=10, iterations=15))


@given(seeds)
@settings(max_examples=50, deadline=None)
def test_on_a_convex_cost_cem_never_falls_behind_its_elites(seed):
    """The mean of the elites costs at most the mean of their costs, and it is tried."""
    costs = np.sort(FEW(bowl(seed), jax.random.key(seed)).costs, axis=1)
    assert (costs[1:, 0] <= costs[:-1, :10].mean(1) * (1 + 1e-5) + 1e-6).all()


VALLEYS = jax.jit(lambda key: named("icem", samples=40, elites=8, iterations=10, keep=3)(valleys, key, SHAPE))


def valleys(plans):
    return jnp.sin(5 * plans).sum((1, 2)) + (plans**2).sum((1, 2))


@given(seeds)
@settings(max_examples=50, deadline=None)
def test_icem_keeps_its_best_whatever_the_cost(seed):
    best = np.asarray(VALLEYS(jax.random.key(seed)).costs).min(1)
    assert (best[1:] <= best[:-1] + 1e-5).all()


def test_icem_stays_within_bounds():
    seen = []
    cost = lambda plans: (jax.debug.callback(seen.append, (plans.min(), plans.max())), -plans.sum((1, 2)))[1]  # noqa: E731
    found = named("icem")(cost, jax.random.key(0), SHAPE)
    jax.effects_barrier()
    assert len(seen) == PLAN["iterations"] and all(low >= -1.5 and high <= 1.5 for low, high in seen)
    assert float(jnp.abs(found.plan).max()) <= 1.5 and float(found.plan.min()) > 0.5


@pytest.mark.parametrize("beta", (0.0, 1.0, 2.0))
def test_coloured_noise_has_unit_variance_and_its_spectrum(beta):
    steps = 8
    noise = np.asarray(coloured(jax.random.key(0), (2_000, steps, 10), beta))
    np.testing.assert_allclose(noise.var(axis=(0, 2)), 1, atol=0.04)
    power = (np.abs(np.fft.fft(noise, axis=1)) ** 2).mean(axis=(0, 2))
    frequency = np.maximum(np.minimum(np.arange(steps), steps - np.arange(steps)), 1)
    expected = frequency**-beta * steps / np.mean(frequency**-beta)
    np.testing.assert_allclose(power, expected, rtol=0.06)


def test_white_is_the_generator_s_own_noise():
    key, shape = jax.random.key(3), (20, 5, 4)
    np.testing.assert_allclose(coloured(key, shape, 0.0), jax.random.normal(key, shape), atol=1e-6)


def test_one_step_has_no_colour():
    assert float(coloured(jax.random.key(0), (5_000, 1, 1), 2.0).std()) == pytest.approx(1, abs=0.04)


@pytest.mark.parametrize("name", ("adam", "sgd", "rmsprop"))
def test_gradient_solvers_step_as_torch_does(name):
    """One plan, started at zero, against the update rules written out."""
    slope = np.array([[3.0, -0.5]], np.float32)
    cost = lambda plans: (plans * slope).sum((1, 2))  # noqa: E731
    plan = np.asarray(descend(cost, jax.random.key(0), (1, 2), samples=1, iterations=2, optimizer=OPTIMIZERS[name](0.1)).plan)
    square, expected = np.zeros_like(slope), np.zeros_like(slope)
    for _ in range(2):
        square = 0.99 * square + 0.01 * slope**2
        step = {"sgd": slope, "adam": np.sign(slope), "rmsprop": slope / (np.sqrt(square) + 1e-8)}[name]
        expected = expected - 0.1 * step
    np.testing.assert_allclose(plan, expected, rtol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_an_episode_s_plan_does_not_depend_on_its_company(name):
    solve, centres = named(name), jax.random.normal(jax.random.key(1), (6, *SHAPE)) / 2
    keys = jax.random.split(jax.random.key(2), 6)

    def one(centre, key):
        return solve(lambda plans: ((plans - centre) ** 2).sum((1, 2)), key, SHAPE).plan

    single = jax.jit(one)
    alone = jnp.stack([single(centre, key) for centre, key in zip(centres, keys, strict=True)])
    chunks = jax.jit(lambda *all: jax.lax.map(lambda pair: one(*pair), all, batch_size=3))
    for order in (jnp.arange(6), jnp.array([3, 1, 5, 0, 2, 4])):
        np.testing.assert_allclose(chunks(centres[order], keys[order]), alone[order], atol=2e-5)


@pytest.mark.parametrize("name", NAMES)
def test_another_key_is_another_search(name):
    cost = quadratic(*bowl(0))
    one, two = (named(name)(cost, jax.random.key(seed), SHAPE) for seed in (0, 1))
    assert not np.allclose(one.costs[0, 1:], two.costs[0, 1:])


@pytest.mark.parametrize("name", ("cem", "icem", "mppi"))
def test_infinite_costs_are_never_chosen(name):
    cost = lambda plans: jnp.where(plans[:, 0, 0] > 0.3, jnp.inf, (plans**2).sum((1, 2)))  # noqa: E731
    found = named(name)(cost, jax.random.key(0), SHAPE)
    assert bool(jnp.isfinite(found.plan).all()) and float(found.plan[0, 0]) <= 0.3


def test_icem_without_what_makes_it_one_is_cem():
    """White noise, no momentum, nobody kept, no bounds."""
    cost = quadratic(*bowl(4))
    same = {"samples": 60, "elites": 10, "iterations": 5}
    plain = icem(cost, jax.random.key(0), SHAPE, **same, beta=0.0, momentum=0.0, keep=0, low=-jnp.inf, high=jnp.inf)
    np.testing.assert_allclose(plain.plan, cem(cost, jax.random.key(0), SHAPE, **same).plan, atol=1e-5)
