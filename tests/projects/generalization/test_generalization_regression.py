"""Closed forms: against library routines where those are right, and where two conventions meet."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import bdtr

from projects.generalization.dimension import determined, undetermined
from projects.generalization.linear import spectrum, waves
from projects.generalization.middle import depth, middle
from projects.generalization.regression import least_norm, ridge
from projects.generalization.targets import BASES

SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(1, 3), st.integers(0, 2**31))


def drawn(n: int, p: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, p)), rng.standard_normal((n, classes))


@given(SHAPES)
def test_least_norm_is_what_lstsq_finds(shape):
    phi, y = drawn(*shape)
    wanted, _, _, singular = np.linalg.lstsq(phi, y)
    found = least_norm(phi, y)
    slack = 1e-6 * (1 + (singular[0] / singular[-1]) ** 2) * np.abs(wanted).max()  # Gram matrices square the condition
    np.testing.assert_allclose(found.weights, wanted, atol=min(slack, 1e6), rtol=0)
    np.testing.assert_allclose(found.squares, np.sort(singular**2), atol=1e-12 * singular[0] ** 2 * max(shape[:2]))


def test_directions_that_are_not_there_get_no_weight():
    phi, y = drawn(8, 3, 1, 0)
    twice = np.concatenate([phi, phi], 1)  # of equal columns the smallest weights are halves
    np.testing.assert_allclose(least_norm(twice, y).weights, np.concatenate([least_norm(phi, y).weights] * 2) / 2, atol=1e-9)


def test_jax_arrays_do_likewise_and_leave_the_default_alone():
    phi, y = drawn(30, 40, 2, 1)
    with jax.enable_x64(True):
        found = least_norm(jnp.asarray(phi), jnp.asarray(y)).weights
        assert found.dtype == jnp.float64
        np.testing.assert_allclose(np.asarray(found), least_norm(phi, y).weights, atol=1e-9)
    assert jnp.ones(1).dtype == jnp.float32


def test_leading_axes_are_many_problems():
    phi, y = (np.stack(parts) for parts in zip(drawn(9, 5, 2, 0), drawn(9, 5, 2, 1), strict=True))
    np.testing.assert_allclose(least_norm(phi, y).weights[1], least_norm(phi[1], y[1]).weights, atol=1e-12)
    both, alone = ridge(phi, y[..., 0], np.ones(5), 0.1), ridge(phi[1], y[1, :, 0], np.ones(5), 0.1)
    np.testing.assert_allclose(both.weights[1], alone.weights, atol=1e-12)
    assert both.freedom[1] == pytest.approx(alone.freedom)


@pytest.mark.parametrize(("growth", "sigma"), itertools.product((1.0, 1.2, 2.0), (1e-2, 1e-1)))
def test_ridge_of_order_150_is_least_squares_in_well_scaled_unknowns(growth, sigma):
    """u = D^-1/2 w makes the penalty the identity, where stacked least squares are right."""
    rng = np.random.default_rng(0)
    x, places = rng.uniform(-1, 1, 20), np.linspace(-0.9, 0.9, 50)
    y, prior = np.sin(3 * x), 1 / (2e-4 * growth ** np.arange(151.0))
    scaled = BASES["monomial"](x, 150) * np.sqrt(prior)
    stacked = np.concatenate([scaled / sigma, np.eye(151)]), np.concatenate([y / sigma, np.zeros(151)])
    u = np.linalg.lstsq(*stacked, rcond=1e-16)[0]
    found = ridge(BASES["monomial"](x, 150), y, prior, sigma**2)
    wanted = BASES["monomial"](places, 150) * np.sqrt(prior) @ u
    np.testing.assert_allclose(BASES["monomial"](places, 150) @ found.weights, wanted, atol=1e-4 * np.abs(wanted).max())
    assert found.weights.dtype == np.float64


@given(st.integers(1, 10), st.integers(1, 10), st.floats(0.01, 100), st.floats(0.01, 10), st.integers(0, 2**31))
def test_effective_dimension_is_the_trace_of_the_hat_matrix(n, p, prior, noise, seed):
    phi, y = drawn(n, p, 1, seed)
    hat = phi @ np.linalg.solve(phi.T @ phi / noise + np.eye(p) / prior, phi.T) / noise
    eigenvalues = np.linalg.eigvalsh(phi.T @ phi / noise).clip(0)
    assert determined(eigenvalues, 1 / prior) == pytest.approx(np.trace(hat), abs=1e-8)
    assert ridge(phi, y[:, 0], np.full(p, prior), noise).freedom == pytest.approx(np.trace(hat), abs=1e-8)


@given(st.lists(st.floats(0, 1e12), min_size=1, max_size=50), st.floats(1e-6, 1e6))
def test_determined_and_undetermined_are_complements(eigenvalues, alpha):
    found = np.array(eigenvalues)
    assert determined(found, alpha) + undetermined(found, alpha) == pytest.approx(len(eigenvalues), abs=1e-8)


def test_waves_are_orthogonal_over_their_range_and_the_spectrum_is_theirs():
    x = np.arange(400) / 8  # [0, 50)
    phi = waves(x, 20, 50.0)
    np.testing.assert_allclose(phi.T @ phi, 200 * np.eye(20), atol=1e-9)
    for n in (0, 7, 60):
        wanted = np.linalg.eigvalsh(phi[:n].T @ phi[:n])
        np.testing.assert_allclose(np.sort(spectrum(phi[:n])), np.sort(wanted.clip(0)), atol=1e-9)


@settings(max_examples=50)
@given(st.integers(1, 300))
def test_the_interval_of_a_median_covers_95_percent_and_no_shorter_one_does(n):
    """By the binomial: the k-th smallest lies above the median where fewer than k draws lie below."""
    rank = depth(n)
    assert (rank == 0) == (n < 6)
    if rank:
        assert 1 - 2 * bdtr(rank - 1, n, 0.5) >= 0.95
    assert 1 - 2 * bdtr(rank, n, 0.5) < 0.95


def test_a_median_of_few_draws_has_no_interval():
    assert middle("error", np.array([3.0, 1.0, 2.0])) == {"error": 2.0}
    assert middle("error", np.arange(6.0)) == {"error": 2.5, "error/low": 0.0, "error/high": 5.0}
