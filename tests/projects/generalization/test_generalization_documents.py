"""Documents as rows of tokens, language models with adapters in a random subspace, and what they lose on documents."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.generalization import language, lm, texts
from projects.generalization import bounds, losses
from projects.generalization.decoders import DECODERS, RANK, adapters, decoder
from projects.generalization.documents import batches, documents
from projects.generalization.family import size
from projects.generalization.losses import ALPHAS, reader
from projects.generalization.sublora import sublora
from shared.data import registry, tokens
from shared.errors import BadInput

quick = settings(deadline=None, max_examples=30)
streams = st.lists(st.lists(st.integers(1, 90), max_size=40), min_size=1, max_size=9).filter(any)


def stream(found: list[list[int]]) -> np.ndarray:
    return np.array([token for one in found for token in (0, *one)], np.uint16)


def told(found, place: int) -> list[int]:
    """The tokens of a document, from its rows."""
    return [int(token) for row in found.rows[found.document == place] for token in row if token]


@quick
@given(streams, st.integers(2, 20))
def test_rows_hold_every_token_of_every_document_once_and_in_order(texts, context):
    found = documents(stream(texts), context, shuffled=False)
    spoken = [one for one in texts if one]
    assert found.rows.shape[1] == context and not found.rows[:, 0].any()
    assert [told(found, place) for place in range(len(found.lengths))] == spoken
    assert found.lengths.tolist() == [len(one) for one in spoken]


@quick
@given(streams, st.integers(2, 20))
def test_shuffled_documents_keep_their_tokens(texts, context):
    plain, found = (documents(stream(texts), context, shuffled) for shuffled in (False, True))
    for place in range(len(plain.lengths)):
        assert sorted(told(found, place)) == sorted(told(plain, place))
    np.testing.assert_array_equal(found.rows, documents(stream(texts), context, True).rows)
    long = stream([list(range(1, 90))])
    assert not np.array_equal(documents(long, 90, True).rows, documents(long, 90, False).rows)


def test_a_text_without_documents_is_refused():
    for bad in ([], [0, 0], [5, 6]):
        with pytest.raises(BadInput, match="without documents"):
            documents(np.array(bad, np.uint16), 8, shuffled=False)


def test_batches_are_functions_of_seed_and_step():
    found = documents(stream([[1, 2, 3], [4, 5], [6]]), 8, shuffled=False)
    first, other = batches(found, 5, 0), batches(found, 5, 1)
    assert first(3).shape == (5, 8)
    np.testing.assert_array_equal(first(3), batches(found, 5, 0)(3))
    assert any(not np.array_equal(first(step), other(step)) for step in range(5))


# -- models ---------------------------------------------------------------------------------------------------------------
def test_names_stand_for_the_same_models_in_configs():
    assert {name: (one.layers, one.width, one.mlp, one.context) for name, one in DECODERS.items()} == texts.DECODERS
    assert texts.RANK == RANK and texts.TEXTS.keys() <= registry.SOURCES.keys()


@pytest.mark.parametrize("name", DECODERS)
def test_parameters_are_counted(name):
    config = lm.get_config("cpu")
    config.text.network = name
    assert size(decoder(name, 97)) == texts.parameters(config) and size(adapters(name, 97)) == texts.adapted(config)


@pytest.fixture(scope="module")
def small():
    """The least model, what its seed gives, and a v."""
    one = sublora("2x32", "kronecker", 64, 97)
    return one, jax.jit(one.freeze)(3), jnp.asarray(np.random.default_rng(0).normal(size=64), jnp.float32)


def test_at_v_0_the_decoder_is_the_random_one(small):
    one, frozen, v = small
    rows = np.random.default_rng(1).integers(1, 97, (2, 8))
    apply, sets = jax.jit(one.decoder.apply), (frozen["decoder"], one.parameters(frozen, jnp.zeros(64)), one.parameters(frozen, v))
    plain, same, other = (apply(params, rows) for params in sets)
    np.testing.assert_array_equal(plain, same)
    assert not np.allclose(plain, other)


def test_adapters_add_products_of_rank_four(small):
    one, frozen, v = small
    after = one.parameters(frozen, v)
    for names, rows in ((("query", "key", "value"), 32), (("out",), 32)):
        for name in names:
            kernels = [params["blocks"]["attention"][name]["kernel"].reshape(2, rows, -1) for params in (after, frozen["decoder"])]
            assert [int(np.linalg.matrix_rank(layer, tol=1e-3)) for layer in np.asarray(kernels[0] - kernels[1])] == [RANK] * 2
    for part in ("embedding", "norm"):
        np.testing.assert_array_equal(*(jax.tree.leaves(params[part])[0] for params in (after, frozen["decoder"])))


# -- losses ---------------------------------------------------------------------------------------------------------------
def test_losses_are_means_over_tokens_and_over_documents(small):
    """Against one document after the other, unpadded, by the definition of every loss."""
    one, frozen, v = small
    rng = np.random.default_rng(2)
    lengths = [63, 64, 1, 127]  # a full row, a token of a second one, less than a row, three rows
    texts = [rng.integers(1, 97, length).tolist() for length in lengths]
    found = reader(one)(frozen, v, documents(stream(texts), one.context, shuffled=False))
    params, apply, tables = one.parameters(frozen, v), jax.jit(one.decoder.apply), []
    for text in texts:
        for start in range(0, len(text), 63):
            row = np.array([[0, *text[start : start + 63]]])
            logits = np.asarray(apply(params, row), np.float64)[0, :-1]
            log2_p = (logits - np.log(np.exp(logits).sum(-1, keepdims=True))) / math.log(2)
            tables += [(len(tables), ranks, bits) for ranks, bits in zip(logits.argsort(-1)[:, ::-1], log2_p, strict=True)]
    words = [word for text in texts for word in text]
    chosen = [bits[word] for (_, _, bits), word in zip(tables, words, strict=True)]
    places = [int(np.flatnonzero(ranks == word)[0]) for (_, ranks, _), word in zip(tables, words, strict=True)]
    wanted = {"bits": [-value for value in chosen]}
    wanted |= {f"smoothed/{alpha:g}": [bounds.smoothed(value, alpha, 97) for value in chosen] for alpha in ALPHAS}
    wanted |= {f"top{count}": [float(place >= count) for place in places] for count in (1, 10)}
    ends = np.cumsum(lengths)
    for name, values in wanted.items():
        assert found.tokens[name] == pytest.approx(np.mean(values), abs=1e-4), name
        assert found.documents[name] == pytest.approx(np.mean([np.mean(part) for part in np.split(values, ends[:-1])]), abs=1e-4), name


def test_the_loss_of_training_is_the_same_in_nats(small):
    one, frozen, v = small
    found = documents(tokens.load("tiny", 97).test[:500], one.context, shuffled=False)
    bits = reader(one)(frozen, v, found).tokens["bits"]
    assert float(jax.jit(one.loss)(frozen, v, found.rows)) == pytest.approx(bits * math.log(2), abs=1e-5)


def test_other_batches_move_no_digit_that_is_printed(small, monkeypatch):
    """As another machine would: products in another order, which float32 feels in its last digits."""
    one, frozen, v = small
    found = documents(tokens.load("tiny", 97).test[:1_500], one.context, shuffled=False)
    first = reader(one)(frozen, v, found)
    monkeypatch.setattr(losses, "AT_ONCE", 200)
    for name, value in reader(one)(frozen, v, found).tokens.items():
        assert value == pytest.approx(first.tokens[name], rel=1e-6), name


def test_the_sweep_has_a_control_for_every_dimension():
    cells = list(language.sweep(language.get_config("cpu")))
    assert {cell["subspace.dimension"] for cell in cells if cell["text.shuffled"]} == {cell["subspace.dimension"] for cell in cells}
