"""Random maps, codebooks and the gradients through them."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.generalization import base, kinds, sizes
from projects.generalization import labels, quantise
from projects.generalization.family import centred, family
from projects.generalization.networks import network
from projects.generalization.projectors import PROJECTORS, matrix
from shared.data import labelled
from shared.data.labelled import Examples, LabelledSet

SIZE, DIMENSION = 1_003, 25  # the square that P cuts from is 32 x 32


@cache
def drawn(name, seed=0):
    projector = PROJECTORS[name](SIZE, DIMENSION)
    return projector._replace(apply=jax.jit(projector.apply)), jax.jit(projector.draw)(jax.random.key(seed))


@pytest.mark.parametrize("name", PROJECTORS)
def test_columns_have_length_one_and_hardly_overlap(name):
    projector, factors = drawn(name)
    columns = np.asarray(matrix(projector, factors, DIMENSION))  # [D, d]
    inner = columns.T @ columns
    np.testing.assert_allclose(np.diag(inner), 1, atol=0.3)
    assert np.abs(inner - np.diag(np.diag(inner))).max() < 0.5


@pytest.mark.parametrize("name", PROJECTORS)
def test_maps_are_linear_and_the_seeds_alone(name):
    (projector, factors), (_, again), (_, other) = (drawn(name, seed) for seed in (1, 1, 2))
    assert all(map(np.array_equal, jax.tree.leaves(factors), jax.tree.leaves(again)))
    assert not any(map(np.array_equal, jax.tree.leaves(factors), jax.tree.leaves(other)))
    u, v = np.random.default_rng(0).normal(size=(2, DIMENSION)).astype(np.float32)
    np.testing.assert_allclose(
        projector.apply(factors, 2 * u - v), 2 * projector.apply(factors, u) - projector.apply(factors, v), atol=1e-5
    )


def test_the_kronecker_map_is_the_kronecker_product():
    projector, factors = drawn("kronecker")
    whole = np.kron(factors["left"], factors["right"]) / 32  # [32^2, d]
    np.testing.assert_array_equal(matrix(projector, factors, DIMENSION), whole[:SIZE].astype(np.float32))


@pytest.mark.parametrize("name", PROJECTORS)
def test_the_gradient_is_the_transposed_map(name):
    projector, factors = drawn(name)
    cotangent = np.random.default_rng(0).normal(size=SIZE).astype(np.float32)
    (back,) = jax.vjp(lambda v: projector.apply(factors, v), jnp.zeros(DIMENSION))[1](cotangent)
    np.testing.assert_allclose(back, np.asarray(matrix(projector, factors, DIMENSION)).T @ cotangent, atol=1e-4)


# -- networks -------------------------------------------------------------------------------------------------------------------------
def made_up(shape, classes, points=4):
    examples = Examples(np.zeros((points, *shape), np.uint8), np.zeros(points, np.uint8))
    return LabelledSet(examples, examples, classes, {})


@pytest.mark.parametrize("name, data, size", [
    ("lenet", "fashion_mnist", 431_080), ("mlp", "fashion_mnist", 203_530), ("mlp", "mnist1d", 13_066), ("lenet", "cifar100", 702_170),
])  # fmt: skip
def test_parameters_are_counted(name, data, size):
    _, _, shape, classes = kinds.DATA[data]
    config = base.ConfigDict(base.get_config("cpu").to_dict())
    config.data.name, config.network.name = data, name
    assert family(name, "sparse", 9, made_up(shape, classes)).size == sizes.coded(config).parameters == size


@pytest.mark.parametrize("name", ["mlp", "lenet"])
def test_a_network_at_v_0_is_theta_0(name):
    data = made_up((28, 28, 1), 10)
    one, x = family(name, "kronecker", 9, data), np.random.default_rng(0).integers(0, 256, (4, 28, 28, 1), np.uint8)
    frozen = one.freeze(3)
    logits = one.logits(frozen, jnp.zeros(9), x)
    assert logits.shape == (4, 10)
    np.testing.assert_allclose(logits, network(name, (28, 28, 1), 10).apply(frozen["start"], centred(x)), atol=1e-5)
    assert not np.allclose(logits, one.logits(frozen, jnp.ones(9), x))


# -- codebooks ------------------------------------------------------------------------------------------------------------------------
quick = settings(deadline=None, max_examples=30)
vectors = st.lists(st.floats(-10, 10, width=32), min_size=24, max_size=24).map(lambda v: np.array(v, np.float32))


@quick
@given(vectors, st.integers(1, 9))
def test_values_of_kmeans_ascend_and_are_no_worse_than_the_mean(v, levels):
    values = quantise.kmeans(v, levels)
    assert len(values) == levels and (np.diff(values) >= 0).all()
    assert (np.abs(v[:, None] - values).min(1) ** 2).sum() <= ((v - v.mean()) ** 2).sum() * (1 + 1e-5) + 1e-5


def test_kmeans_finds_groups_of_any_size():
    """Quantiles begin with two values in the large one."""
    groups = np.concatenate([np.full(5, -9.0), np.linspace(-1, 1, 60), np.full(9, 7.0)]).astype(np.float32)
    np.testing.assert_allclose(quantise.kmeans(groups, 3), [-9, 0, 7], atol=1e-6)


@quick
@given(vectors, st.sampled_from((2, 5)), st.sampled_from(quantise.KINDS))
def test_rounding_is_to_the_nearest_value(v, levels, kind):
    grid = jnp.asarray(quantise.start(kind, v + np.float32(0.1), levels))
    values = np.asarray(quantise.codebook(kind, grid, levels))
    rounded = np.asarray(quantise.straight_through(kind, jnp.asarray(v), grid, levels))
    np.testing.assert_allclose(np.abs(v - rounded), np.abs(v[:, None] - values).min(1), atol=1e-4)
    np.testing.assert_allclose(np.abs(rounded[:, None] - values).min(1), 0, atol=1e-4)


def test_gradients_pass_to_v_and_gather_at_the_values():
    v, values = jnp.array([-1.0, 0.2, 0.1, 3.0]), jnp.array([-1.0, 0.0, 2.0])
    weights = jnp.array([1.0, 10.0, 100.0, 1_000.0])
    by_v, by_values = jax.grad(lambda v, grid: weights @ quantise.straight_through("learned", v, grid, 3), (0, 1))(v, values)
    np.testing.assert_array_equal(by_v, weights)
    np.testing.assert_array_equal(by_values, [1, 110, 1_000])


def test_gradients_reach_the_step_by_what_rounding_changed():
    """What lies beyond the last value is that value, twice the step: it moves with the step, and not with v."""
    v, step, weights = jnp.array([-1.8, 0.5, 8.0]), jnp.array([2.0]), jnp.array([1.0, 10.0, 100.0])  # in steps -0.9, 0.25, 4
    by_v, by_step = jax.grad(lambda v, grid: weights @ quantise.straight_through("even", v, grid, 5), (0, 1))(v, step)
    np.testing.assert_allclose(by_v, [1, 10, 0])
    np.testing.assert_allclose(by_step, [-0.1 - 2.5 + 200], rtol=1e-5)


def test_a_codebook_that_is_too_narrow_grows():
    """Fitting targets that lie far beyond its values: as the reason for which the gradient stops there."""
    v, grid = jnp.linspace(-8.0, 8.0, 9), jnp.array([0.5])
    loss = jax.grad(lambda grid: ((quantise.straight_through("even", v, grid, 5) - v) ** 2).sum())
    for _ in range(50):
        grid = grid - 0.005 * loss(grid)
    assert float(grid[0]) > 2.5


def test_a_written_grid_is_what_a_file_gives_back():
    grid = jnp.array([0.1, 2.6428])
    np.testing.assert_array_equal(quantise.written(grid), np.asarray(grid).astype(np.float16).astype(np.float32))
    np.testing.assert_array_equal(jax.grad(lambda grid: quantise.written(grid).sum())(grid), [1, 1])


def test_an_even_codebook_reaches_all_of_v_and_has_one_number():
    v = np.array([-3.0, 1.0], np.float32)
    grid = quantise.start("even", v, 7)
    assert grid.shape == (1,)
    np.testing.assert_array_equal(quantise.codebook("even", jnp.asarray(grid), 7), np.arange(-3, 4))


@pytest.mark.parametrize("gap", [0.25, 0.5, 1.0])
def test_the_price_is_near_the_entropy_of_laplacian_symbols(gap):
    v = np.random.default_rng(0).laplace(size=20_000).astype(np.float32)
    values = gap * jnp.arange(-100.0, 101.0)
    share = np.bincount(np.asarray(quantise.nearest(jnp.asarray(v), values)), minlength=201) / len(v)
    entropy = -sum(p * np.log(p) for p in share if p)
    assert float(quantise.price(jnp.asarray(v), values)) / len(v) == pytest.approx(entropy, rel=0.1)


# -- points ---------------------------------------------------------------------------------------------------------------------------
def test_batches_are_functions_of_seed_and_step():
    points = labels.training(labelled.load("digits"), 0.0, 0)
    batch = labels.batches(points, 8, 3)
    first, other = batch(4), labels.batches(points, 8, 4)(4)
    assert first.inputs.shape == (8, 8, 8, 1)
    np.testing.assert_array_equal(first.inputs, labels.batches(points, 8, 3)(4).inputs)
    assert not np.array_equal(first.inputs, batch(5).inputs) and not np.array_equal(first.inputs, other.inputs)
