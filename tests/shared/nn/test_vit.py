"""The vision transformer, the conditioned transformer, batch statistics, ResNet-18."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.nn.attention import attend, attend_few
from shared.nn.conditioned import Transformer
from shared.nn.dropout import dropout
from shared.nn.norms import BatchNorm, Moments, follow
from shared.nn.pure import pure
from shared.nn.resnet import ResNet18
from shared.nn.vit import ViT, patches

KEY = jax.random.key(0)


def count(model) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(jax.eval_shape(model.init, KEY)))


def test_vit_tiny_has_its_parameters():
    assert count(pure(lambda rngs: ViT(224, 14, 192, 12, 3, 768, rngs))) == 5_501_376


def test_resnet_18_has_its_parameters():
    assert count(pure(lambda rngs: ResNet18(rngs))) == 11_176_512


def test_patches_are_squares_in_reading_order():
    images = jnp.arange(2 * 4 * 6 * 3).reshape(2, 4, 6, 3)
    found = patches(images, 2)
    assert found.shape == (2, 6, 12)
    np.testing.assert_array_equal(found[1, 4].reshape(2, 2, 3), images[1, 2:4, 2:4])


def test_every_patch_reaches_the_class_token():
    model = pure(lambda rngs: ViT(16, 8, 8, 1, 2, 16, rngs))
    params, images = model.init(KEY), jnp.zeros((1, 16, 16, 3))
    moved = jax.jacobian(lambda images: model.apply(params, images)[0, 0])(images)  # [8, 1, 16, 16, 3]
    assert (jnp.abs(patches(moved[:, 0], 8)).max((0, 2)) > 0).all()


def test_a_conditioned_transformer_starts_as_the_identity_and_ignores_its_condition():
    model = pure(lambda rngs: Transformer(2, 8, 8, 2, 4, 16, rngs))
    params, x = model.init(KEY), jax.random.normal(KEY, (2, 3, 8))
    modulations = model.apply(params, jax.random.normal(KEY, (2, 3, 8)), method="modulations")
    np.testing.assert_array_equal(modulations, 0)
    normed = (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(model.apply(params, x, modulations), normed, atol=1e-6)


def awake(params):
    """Parameters whose gates are open."""
    return jax.tree.map(lambda leaf: leaf + 0.3 * jax.random.normal(KEY, leaf.shape), params)


def test_a_conditioned_transformer_looks_back_and_not_ahead():
    model = pure(lambda rngs: Transformer(2, 8, 8, 2, 4, 16, rngs))
    params, x, c = awake(model.init(KEY)), *jax.random.normal(KEY, (2, 1, 3, 8))

    def out(x, c):
        return model.apply(params, x, model.apply(params, c, method="modulations"))[0]

    for jacobian in (jax.jacobian(out, 0)(x, c), jax.jacobian(out, 1)(x, c)):
        reach = jnp.abs(jacobian[:, :, 0]).max((1, 3)) > 1e-7  # [T, T]
        np.testing.assert_array_equal(reach, np.tril(np.ones((3, 3), bool)))


def test_few_tokens_attend_as_many_do():
    q, k, v = jax.random.normal(KEY, (3, 2, 3, 4, 8))
    np.testing.assert_allclose(attend_few(q, k, v), attend(q, k, v), atol=1e-5)
    seen = jnp.tril(jnp.ones((3, 3), bool))
    np.testing.assert_allclose(attend(q, k, v, seen=seen), attend(q, k, v), atol=1e-5)


@settings(max_examples=10, deadline=None)
@given(rate=st.floats(0.05, 0.9), seed=st.integers(0, 99))
def test_dropout_keeps_the_mean_and_drops_its_share(rate, seed):
    x = dropout(rate, jax.random.key(seed))(jnp.ones(20_000))
    noise = 5 / 20_000**0.5
    assert abs((x == 0).mean() - rate) < noise * (rate * (1 - rate)) ** 0.5
    assert abs(x.mean() - 1) < noise * (rate / (1 - rate)) ** 0.5


def test_batch_norm_standardises_the_rows_and_follows_them_as_pytorch_does():
    layer = pure(lambda rngs: BatchNorm(3))
    params, x = layer.init(KEY), 2 + 3 * jax.random.normal(KEY, (50, 3))
    y, seen = layer.apply(params, x)
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(0), 1, atol=1e-5)
    np.testing.assert_allclose(seen.var, np.var(x, 0, ddof=1), rtol=1e-5)
    running = follow(Moments(jnp.zeros(3), jnp.ones(3)), seen)
    np.testing.assert_allclose(running.mean, 0.1 * x.mean(0), rtol=1e-5)
    np.testing.assert_allclose(running.var, 0.9 + 0.1 * np.var(x, 0, ddof=1), rtol=1e-5)


def test_batch_norm_in_evaluation_uses_what_it_is_given():
    layer = pure(lambda rngs: BatchNorm(2))
    running = Moments(jnp.array([1.0, 2.0]), jnp.array([4.0, 9.0]))
    y, _ = layer.apply(layer.init(KEY), jnp.array([[3.0, 5.0]]), running)
    np.testing.assert_allclose(y, [[1.0, 1.0]], rtol=1e-5)


@pytest.mark.parametrize("size", [32, 64])
def test_resnet_returns_statistics_of_the_form_it_takes(size):
    model = pure(lambda rngs: ResNet18(rngs))
    params, images = model.init(KEY), jax.random.uniform(KEY, (2, size, size, 3))
    y, seen = jax.eval_shape(lambda: model.apply(params, images))
    again, _ = jax.eval_shape(lambda: model.apply(params, images, jax.tree.map(lambda leaf: jnp.ones(leaf.shape), seen)))
    assert y.shape == again.shape == (2, 512)
    assert len(seen) == 20
