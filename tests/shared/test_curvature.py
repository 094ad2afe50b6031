"""Products with the Hessian and with Gauss and Newton's matrix, against the matrices themselves; a loss without a value is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from shared.curvature import Objective, gauss_newton, hessian
from shared.errors import BadInput


def outputs(params, batch):
    return jnp.tanh(batch["x"] @ params["first"]) @ params["second"]


def loss(z, batch):
    return (jax.nn.logsumexp(z, -1) - jnp.take_along_axis(z, batch["y"][:, None], -1)[:, 0]).mean()


OBJECTIVE = Objective(outputs, loss)


@pytest.fixture(scope="module")
def world():
    """params, all 10 rows, and the same as batches of 4, 4 and 2."""
    rng = np.random.default_rng(0)
    params = {"first": jnp.asarray(rng.normal(size=(3, 4)), jnp.float32), "second": jnp.asarray(rng.normal(size=(4, 2)), jnp.float32)}
    rows = {"x": rng.normal(size=(10, 3)).astype(np.float32), "y": rng.integers(0, 2, 10)}
    return params, rows, [{name: values[part] for name, values in rows.items()} for part in (slice(0, 4), slice(4, 8), slice(8, 10))]


def columns(at, params) -> np.ndarray:
    product = at(params)
    return np.stack([product(v) for v in jnp.eye(ravel_pytree(params)[0].size)], 1)


def test_products_are_those_of_the_hessian_of_all_rows_whatever_the_batches(world):
    params, rows, batches = world
    flat, shaped = ravel_pytree(params)
    wanted = jax.hessian(lambda flat: loss(outputs(shaped(flat), rows), rows))(flat)
    np.testing.assert_allclose(columns(hessian(OBJECTIVE, batches), params), wanted, atol=1e-5)
    np.testing.assert_allclose(columns(hessian(OBJECTIVE, [rows]), params), wanted, atol=1e-5)


def test_products_are_those_of_gauss_and_newton(world):
    params, rows, batches = world
    flat, shaped = ravel_pytree(params)
    jacobian = jax.jacobian(lambda flat: outputs(shaped(flat), rows))(flat).reshape(20, -1)
    curved = jax.hessian(lambda z: loss(z.reshape(10, 2), rows))(outputs(params, rows).reshape(-1))
    found = columns(gauss_newton(OBJECTIVE, batches), params)
    np.testing.assert_allclose(found, jacobian.T @ curved @ jacobian, atol=1e-5)
    np.testing.assert_allclose(found, columns(gauss_newton(OBJECTIVE, [rows]), params), atol=1e-5)
    assert np.linalg.eigvalsh(found).min() > -1e-5 and not np.allclose(found, columns(hessian(OBJECTIVE, batches), params), atol=1e-2)


@pytest.mark.parametrize("curvature", [hessian, gauss_newton])
@pytest.mark.parametrize("count", [1, 3])
def test_other_params_have_another_curvature_by_the_same_program(world, curvature, count):
    params, rows, batches = world
    traced = []
    at = curvature(Objective(lambda params, batch: (traced.append(0), outputs(params, batch))[1], loss), [rows] if count == 1 else batches)
    first, other = at(params), at(jax.tree.map(lambda leaf: 2 * leaf, params))
    before, v = first(jnp.ones(20)), jnp.ones(20)
    once = len(traced)
    assert not np.allclose(before, other(v), atol=1e-3)
    np.testing.assert_array_equal(before, first(v))
    assert len(traced) == once


@pytest.mark.parametrize("curvature", [hessian, gauss_newton])
def test_a_loss_that_is_not_finite_is_refused(world, curvature):
    params, _, batches = world
    batches = [*batches[:2], batches[2] | {"x": np.full((2, 3), np.inf, np.float32)}]
    with pytest.raises(BadInput, match="the loss at these parameters is nan .* smaller learning rate") as error:
        curvature(OBJECTIVE, batches)(params)
    assert "\n" not in str(error.value)
