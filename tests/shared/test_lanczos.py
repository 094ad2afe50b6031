"""Eigenvalues by products alone: against dense ones, with bounds that hold and vectors that stay orthogonal in float32."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import BadInput
from shared.lanczos import krylov, probed, ritz, trace

STARTS = np.random.default_rng(1).normal(size=400).astype(np.float32)


def symmetric(eigenvalues: np.ndarray, seed: int = 0) -> np.ndarray:
    q = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(eigenvalues),) * 2))[0]
    return ((q * eigenvalues) @ q.T).astype(np.float32)


def decaying(size: int) -> np.ndarray:
    """Like a Hessian's: a few large ones, many near zero, some below."""
    return np.concatenate([np.geomspace(1e-6, 10, size - 5), -np.geomspace(1e-5, 1e-2, 5)])


def operator(matrix: np.ndarray):
    held = jnp.asarray(matrix)
    return lambda v: held @ v


def test_vectors_stay_orthogonal_in_float32_where_the_plain_recursion_forgets_them():
    matrix = symmetric(decaying(400))
    basis = np.asarray(krylov(operator(matrix), jnp.asarray(STARTS), 100).basis, np.float64)
    assert basis.shape == (100, 400)
    np.testing.assert_allclose(basis @ basis.T, np.eye(100), atol=1e-5)
    assert plain(matrix, 100) > 0.5


def plain(matrix: np.ndarray, steps: int) -> float:
    """The largest product of two different vectors of the three-term recursion."""
    v = STARTS / np.linalg.norm(STARTS)
    found, before, beside = [], np.zeros_like(v), np.float32(0)
    for _ in range(steps):
        found.append(v)
        rest = matrix @ v - beside * before
        rest -= (rest @ v) * v
        before, beside = v, np.linalg.norm(rest)
        v = rest / beside
    basis = np.stack(found)
    return np.abs(basis @ basis.T - np.eye(steps)).max()


@settings(deadline=None, max_examples=10)
@given(st.lists(st.floats(-5, 5, width=32), min_size=4, max_size=4), st.integers(1, 4), st.integers(0, 99))
def test_an_eigenvalue_lies_within_the_bound_of_each_ritz_value(eigenvalues, steps, seed):
    matrix = symmetric(np.array(eigenvalues), seed)
    found = ritz(krylov(operator(matrix), jnp.asarray(STARTS[: len(matrix)]), steps))
    true, slack = np.linalg.eigvalsh(matrix.astype(np.float64)), 1e-4 * max(1, np.abs(eigenvalues).max())
    assert len(found.values) <= min(steps, len(matrix)) and found.weights.sum() == pytest.approx(1)
    assert (np.abs(found.values[:, None] - true).min(1) <= found.bounds + slack).all()
    assert (found.values[::-1] <= true[::-1][: len(found.values)] + slack).all()  # Cauchy


def test_the_large_eigenvalues_are_found_and_say_so():
    matrix = symmetric(decaying(400))
    found = ritz(krylov(operator(matrix), jnp.asarray(STARTS), 60))
    np.testing.assert_allclose(found.values[-10:], np.sort(decaying(400))[-10:], rtol=1e-4)
    assert (found.bounds[-10:] < 1e-4).all() and found.bounds.max() > 1e-2


def test_a_closed_basis_ends_the_search():
    """Three different eigenvalues, though ten steps are asked for."""
    found = krylov(operator(symmetric(np.array([0, 0, 0, 1, 1, 4.0]))), jnp.asarray(STARTS[:6]), 10)
    assert len(found.diagonal) == 3
    np.testing.assert_allclose(ritz(found).values, [0, 1, 4], atol=1e-5)


def test_traces_by_quadrature_are_those_of_all_eigenvalues():
    """Per probe they are its form in f(A), which 60 steps know; of ten probes the mean is near the trace."""
    eigenvalues = np.linspace(-0.1, 10, 400)
    matrix = symmetric(eigenvalues)
    found = probed(operator(matrix), 400, jax.random.key(0), 10, 60)
    signs = np.asarray(jax.random.rademacher(jax.random.key(0), (10, 400), np.float32), np.float64)
    values, vectors = np.linalg.eigh(matrix.astype(np.float64))
    for function in (np.square, lambda x: np.maximum(x, 0) / (np.maximum(x, 0) + 0.1)):
        some = trace(found, 400, function)
        np.testing.assert_allclose(some, (signs @ vectors) ** 2 @ function(values), rtol=5e-3)
        assert some.mean() == pytest.approx(function(eigenvalues).sum(), rel=0.05)


def test_products_that_are_not_finite_are_refused():
    with pytest.raises(BadInput, match="product 1 of Lanczos' method is not finite") as error:
        krylov(lambda v: v * jnp.inf, jnp.asarray(STARTS), 5)
    assert "\n" not in str(error.value)
