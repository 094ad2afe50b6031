"""What a decoder promises, whatever its style."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shared.nn.cache import init_cache, rollback
from shared.nn.decoder import Decoder, DecoderConfig, parameter_count
from shared.nn.pure import pure
from shared.nn.rope import Llama3Scaling

LLAMA = DecoderConfig(vocab=31, layers=2, width=16, heads=4, kv_heads=2, mlp_width=24, head_dim=8, context=12)
STYLES = {
    "llama": LLAMA,
    "gpt2": dataclasses.replace(LLAMA, kv_heads=4, norm="layer", norm_eps=1e-5, mlp="gelu", position="learned", bias=True, tied_head=True),
    "qwen": dataclasses.replace(LLAMA, qk_norm=True, kv_heads=1, rope_scaling=Llama3Scaling(original_context=8)),
    "bfloat16": dataclasses.replace(LLAMA, dtype="bfloat16"),
    "deep": dataclasses.replace(LLAMA, layers=9),  # beyond the depth up to which layers are unrolled
}
B, T = 3, 10


def model_of(config):
    return pure(lambda rngs: Decoder(config, rngs))


@pytest.fixture(scope="module", params=STYLES)
def case(request):
    """A config, its pure model, parameters away from their special starting values, tokens and their logits."""
    config = STYLES[request.param]
    model = model_of(config)
    noise = np.random.default_rng(0)
    abstract = jax.eval_shape(model.init, jax.random.key(0))
    params = jax.tree.map(lambda x: jnp.asarray(noise.normal(0.2, 0.3, x.shape), x.dtype), abstract)
    tokens = jax.random.randint(jax.random.key(2), (B, T), 0, config.vocab)
    return config, model, params, tokens, jax.jit(model.apply)(params, tokens)


def tolerance(config):
    return {"rtol": 0, "atol": 0.1 if config.dtype == "bfloat16" else 2e-5}


def test_logits_are_float32_and_finite(case):
    config, _, _, _, logits = case
    assert logits.shape == (B, T, config.vocab) and logits.dtype == jnp.float32
    assert np.isfinite(logits).all()


def test_parameters_are_float32_and_counted(case):
    config, _, params, _, _ = case
    sizes = {jax.tree_util.keystr(path): x.size for path, x in jax.tree_util.tree_leaves_with_path(params)}
    tables = sum(n for path, n in sizes.items() if any(name in path for name in ("embedding", "positions", "head")))
    assert {x.dtype for x in jax.tree.leaves(params)} == {jnp.dtype("float32")}
    total = sum(sizes.values())
    assert parameter_count(config) == {"total": total, "embedding": tables, "body": total - tables}


def test_every_dimension_has_a_logical_name(case):
    _, model, params, _, _ = case
    known = {"embed", "mlp", "heads", "kv", "vocab", "layers", None}
    ranks = jax.tree.map(lambda x: x.ndim, params)
    assert jax.tree.map(len, model.axes, is_leaf=lambda x: isinstance(x, tuple)) == ranks
    names = jax.tree.leaves(model.axes, is_leaf=lambda x: isinstance(x, tuple))
    assert {name for axes in names for name in axes} <= known
    assert all(axes.count(name) <= 1 for axes in names for name in axes if name is not None)


def test_the_future_does_not_change_the_past(case):
    config, model, params, tokens, logits = case
    changed = tokens.at[:, 6:].set((tokens[:, 6:] + 1) % config.vocab)
    other = jax.jit(model.apply)(params, changed)
    np.testing.assert_allclose(other[:, :6], logits[:, :6], **tolerance(config))
    assert not np.allclose(other[:, 6:], logits[:, 6:], atol=1e-2)


def test_cached_decoding_equals_the_full_forward(case):
    config, model, params, tokens, logits = case
    decode = jax.jit(lambda p, t, c: model.apply(p, t, c, method="decode"))
    cache, parts = init_cache(config, B, config.context), []
    for start, stop in ((0, 4), (4, 5), (5, T)):
        part, cache = decode(params, tokens[:, start:stop], cache)
        parts.append(part)
    np.testing.assert_allclose(jnp.concatenate(parts, 1), logits, **tolerance(config))
    assert cache.length.tolist() == [T] * B


def test_rows_of_unequal_length_and_rollback(case):
    """Rows are cut back to different lengths (a rejected draft), then fed their true continuations."""
    config, model, params, tokens, logits = case
    decode = jax.jit(lambda p, t, c: model.apply(p, t, c, method="decode"))
    length = jnp.array([2, 5, 7])
    wrong = jnp.where(jnp.arange(8) < length[:, None], tokens[:, :8], (tokens[:, :8] + 1) % config.vocab)
    _, cache = decode(params, wrong, init_cache(config, B, config.context))
    cache = rollback(cache, length)
    assert cache.length.tolist() == length.tolist()
    rows, steps = jnp.arange(B)[:, None], length[:, None] + jnp.arange(3)
    part, cache = decode(params, tokens[rows, steps], cache)
    np.testing.assert_allclose(part, logits[rows, steps], **tolerance(config))
    assert cache.length.tolist() == (length + 3).tolist()


@pytest.mark.parametrize("case", ["llama", "gpt2"], indirect=True)
def test_a_leading_member_axis(case):
    """An ensemble is vmap: every member equals the model on its own, gradients included."""
    _, model, params, tokens, _ = case
    other = jax.tree.map(lambda x: 0.5 * x, params)

    def gradient(params):
        return jax.grad(lambda p: jnp.mean(model.apply(p, tokens) ** 2))(params)

    together = jax.jit(jax.vmap(gradient))(jax.tree.map(lambda *x: jnp.stack(x), params, other))
    alone = jax.jit(gradient)(other)
    for a, b in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
        np.testing.assert_allclose(a[1], b, rtol=0, atol=1e-4)


def test_init_is_pure_and_neither_members_nor_layers_start_equal():
    model = model_of(LLAMA)
    keys = jax.random.split(jax.random.key(0), 2)
    light = {"xla_backend_optimization_level": 0}  # compiling is all the time here
    real = jax.jit(model.init, compiler_options=light)(keys[1])
    members = jax.jit(jax.vmap(model.init), compiler_options=light)(keys)
    for a, b in zip(jax.tree.leaves(real), jax.tree.leaves(members), strict=True):
        np.testing.assert_allclose(a, b[1], rtol=1e-5, atol=1e-6)
    kernel = members["blocks"]["mlp"]["down"]["kernel"]  # [members, layers, ...]
    assert not np.allclose(kernel[0], kernel[1]) and not np.allclose(kernel[:, 0], kernel[:, 1])
    shapes = jax.tree.map(lambda x: (x.shape, x.dtype), jax.eval_shape(model.init, jax.random.key(0)))
    assert shapes == jax.tree.map(lambda x: (x.shape, x.dtype), real)
    assert type(real) is dict and type(real["blocks"]) is dict


def test_a_tied_head_shares_the_table():
    tied, untied = (
        jax.eval_shape(model_of(dataclasses.replace(LLAMA, tied_head=tie)).init, jax.random.key(0)) for tie in (True, False)
    )
    assert "head" not in tied and untied["head"]["kernel"].shape == (LLAMA.width, LLAMA.vocab)


@pytest.mark.parametrize("case", ["llama"], indirect=True)
def test_writes_beyond_the_cache_are_dropped(case):
    _, model, params, tokens, _ = case
    decode = jax.jit(lambda p, t, c: model.apply(p, t, c, method="decode"))
    _, cache = decode(params, tokens[:, :4], init_cache(LLAMA, B, 4))
    _, after = decode(params, tokens[:, :1], cache)
    np.testing.assert_array_equal(after.k, cache.k)
