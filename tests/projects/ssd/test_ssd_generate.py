"""The command a person types, and text that arrives token by token."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, pre_tokenizers

from projects.ssd.stream import Detokenizer, symbol_bytes
from shared.data import bpe


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    """A byte-level BPE of 300 tokens with a mark at 0, saved; its path."""
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    made = bpe.train(["the café serves tea, the theatre serves plays: ünïcödé 猫 🙂 " * 20], 300)
    made.add_special_tokens([AddedToken("<|end|>", special=True)])
    made.save(str(path))
    return path


def test_symbols_are_those_of_the_library():
    assert set(symbol_bytes()) == set(pre_tokenizers.ByteLevel.alphabet())
    assert sorted(symbol_bytes().values()) == list(range(256))


@given(st.data())
def test_pieces_add_up_to_the_library_s_text(tokenizer, data):
    whole = bpe.read(tokenizer)
    tokens = data.draw(st.lists(st.integers(0, whole.get_vocab_size() - 1), max_size=40))
    stream = Detokenizer(tokenizer)
    pieces = [stream.add([token]) for token in tokens]
    assert "".join(pieces) + stream.finish() == whole.decode(tokens, skip_special_tokens=True)


@given(st.text(max_size=30))
def test_no_piece_shows_half_a_character(tokenizer, text):
    stream = Detokenizer(tokenizer)
    pieces = [stream.add([token]) for token in bpe.read(tokenizer).encode(text).ids]
    assert "".join(pieces) == text and stream.finish() == ""


def test_without_a_tokenizer_tokens_are_numbers():
    assert Detokenizer(None).add([3, 14]) == "3 14 "
