"""Linear layers, norms and feed-forward layers against numpy."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from shared.nn.linear import Embedding, Linear
from shared.nn.mlp import GELU, SwiGLU, gelu
from shared.nn.norms import LayerNorm, RMSNorm
from shared.nn.pure import pure


def test_linear_contracts_several_axes():
    model = pure(lambda rngs: Linear((3, 4, 5, 2), ("heads", None, "embed", None), rngs, inputs=2, bias=True))
    params = model.init(jax.random.key(0))
    x, bias = jax.random.normal(jax.random.key(1), (7, 6, 3, 4)), jax.random.normal(jax.random.key(2), (5, 2))
    y = model.apply(params | {"bias": bias}, x)
    np.testing.assert_allclose(y, np.einsum("abij,ijkl->abkl", x, params["kernel"]) + bias, atol=1e-5)
    assert model.axes["bias"] == ("embed", None)


def test_linear_starts_with_unit_gain():
    kernel = pure(lambda rngs: Linear((256, 512), ("embed", "mlp"), rngs)).init(jax.random.key(0))["kernel"]
    assert abs(float(kernel.std()) * 16 - 1) < 0.03 and float(abs(kernel).max()) <= 3 / 16


def test_embedding_looks_up_and_scores():
    model = pure(lambda rngs: Embedding(9, 4, ("vocab", "embed"), rngs))
    params = model.init(jax.random.key(0))
    index = jnp.array([[1, 8], [0, 1]])
    vectors = model.apply(params, index)
    np.testing.assert_array_equal(vectors, params["table"][index])
    np.testing.assert_allclose(model.apply(params, vectors, method="attend"), vectors @ params["table"].T, rtol=1e-5)


def test_norms():
    x = np.asarray(3 + 2 * jax.random.normal(jax.random.key(0), (5, 8)), np.float64)
    scale = np.arange(1.0, 9.0)
    rms = pure(lambda rngs: RMSNorm(8))
    np.testing.assert_allclose(rms.apply({"scale": scale}, jnp.float32(x)),
                               x / np.sqrt((x**2).mean(-1, keepdims=True)) * scale, rtol=1e-4)
    layer = pure(lambda rngs: LayerNorm(8))
    normal = (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True)
    np.testing.assert_allclose(layer.apply({"scale": scale, "bias": scale}, jnp.float32(x)), normal * scale + scale,
                               rtol=1e-3, atol=1e-3)
    assert "bias" not in pure(lambda rngs: LayerNorm(8, bias=False)).init(jax.random.key(0))


def test_norms_keep_the_type_but_compute_in_float32():
    y = pure(lambda rngs: RMSNorm(4)).apply({"scale": jnp.ones(4)}, jnp.full((1, 4), 3e38, jnp.bfloat16) / 1e20)
    assert y.dtype == jnp.bfloat16 and np.allclose(y, 1)


def test_feed_forward_layers():
    x = jax.random.normal(jax.random.key(1), (3, 4))
    swiglu = pure(lambda rngs: SwiGLU(4, 6, rngs))
    params = swiglu.init(jax.random.key(0))
    gate, up = x @ params["gate"]["kernel"], x @ params["up"]["kernel"]
    hidden = gate / (1 + jnp.exp(-gate)) * up
    np.testing.assert_allclose(swiglu.apply(params, x), hidden @ params["down"]["kernel"], atol=1e-5)
    plain = pure(lambda rngs: GELU(4, 6, rngs))
    params = plain.init(jax.random.key(0))
    up = x @ params["up"]["kernel"]
    hidden = 0.5 * up * (1 + jnp.tanh(np.sqrt(2 / np.pi) * (up + 0.044715 * up**3)))
    np.testing.assert_allclose(plain.apply(params, x), hidden @ params["down"]["kernel"], atol=1e-5)


def test_the_exact_gelu_and_its_slope():
    x = np.linspace(-12, 12, 481)
    below = np.array([0.5 * math.erfc(-value / math.sqrt(2)) for value in x])
    density = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    np.testing.assert_allclose(gelu(jnp.float32(x)), x * below, atol=2e-6)
    np.testing.assert_allclose(jax.vmap(jax.grad(gelu))(jnp.float32(x)), below + x * density, atol=2e-6)
