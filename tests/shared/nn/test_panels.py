"""Kernels in panels give the products of the kernels they were cut from."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.nn import panels
from shared.nn.decoder import Decoder, DecoderConfig
from shared.nn.linear import Linear, panelled


@settings(max_examples=25, deadline=None)
@given(rows=st.integers(1, 9), fan_in=st.integers(1, 80), columns=st.integers(1, 200), seed=st.integers(0, 99))
def test_a_product_with_panels_is_the_product(rows, fan_in, columns, seed):
    noise = np.random.default_rng(seed)
    x, kernel = noise.normal(size=(rows, fan_in)).astype(np.float32), noise.normal(size=(fan_in, columns)).astype(np.float32)
    cut = panels.cut(jnp.asarray(kernel), 1)
    assert cut.shape == (-(-columns // panels.WIDTH), fan_in, panels.WIDTH)
    np.testing.assert_allclose(panels.product(x, cut, columns), x @ kernel, rtol=0, atol=1e-4)


def test_a_linear_layer_with_several_axes_and_a_bias_keeps_its_meaning():
    layer = Linear((6, 4, 30), ("heads", None, "embed"), nnx.Rngs(0), inputs=2, bias=True)
    layer.bias[...] = jnp.arange(30.0)
    x = jax.random.normal(jax.random.key(1), (2, 3, 6, 4))
    whole = layer(x)
    np.testing.assert_allclose(panelled(layer)(x), whole, rtol=0, atol=1e-5)


def test_a_decoder_in_panels_gives_the_same_logits():
    config = DecoderConfig(vocab=70, layers=2, width=24, heads=4, kv_heads=2, mlp_width=72, head_dim=6, context=16, qk_norm=True)
    tokens = jax.random.randint(jax.random.key(0), (2, 7), 0, config.vocab)
    for style in (config, dataclasses.replace(config, mlp="gelu", bias=True, norm="layer")):
        model = Decoder(style, nnx.Rngs(3), stacked=False)
        whole = model(tokens)
        np.testing.assert_allclose(panelled(model)(tokens), whole, rtol=0, atol=2e-5)
