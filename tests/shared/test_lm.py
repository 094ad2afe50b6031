"""The language-modelling loss against its definition."""

import jax
import jax.numpy as jnp
import numpy as np

from shared.lm import next_token_loss, token_losses


def test_losses_are_minus_the_log_probability_of_the_next_token():
    logits = jax.random.normal(jax.random.key(0), (2, 5, 7))
    tokens = jax.random.randint(jax.random.key(1), (2, 5), 0, 7)
    probability = np.exp(np.asarray(logits, np.float64))
    probability /= probability.sum(-1, keepdims=True)
    expected = [[-np.log(probability[b, t, tokens[b, t + 1]]) for t in range(4)] for b in range(2)]
    np.testing.assert_allclose(token_losses(logits, tokens), expected, rtol=1e-5)
    np.testing.assert_allclose(next_token_loss(logits, tokens), np.mean(expected), rtol=1e-5)


def test_uniform_logits_cost_log_vocab_and_large_ones_stay_finite():
    tokens = jnp.zeros((1, 3), jnp.int32)
    np.testing.assert_allclose(next_token_loss(jnp.zeros((1, 3, 11)), tokens), np.log(11), rtol=1e-6)
    huge = jnp.full((1, 3, 11), 1e4, jnp.bfloat16)
    assert next_token_loss(huge, tokens).dtype == jnp.float32 and np.isfinite(next_token_loss(huge, tokens))


def test_the_gradient_is_softmax_minus_one_hot():
    logits = jax.random.normal(jax.random.key(0), (1, 3, 5))
    tokens = jnp.array([[0, 2, 4]])
    gradient = jax.grad(next_token_loss)(logits, tokens)
    expected = (jax.nn.softmax(logits) - jax.nn.one_hot(jnp.array([[2, 4, 0]]), 5)) / 2
    np.testing.assert_allclose(gradient[:, :2], expected[:, :2], atol=1e-6)
    assert not gradient[:, 2].any()
