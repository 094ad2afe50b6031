import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.data import bpe
from shared.errors import BadInput

TEXT = ["the cat sat on the mat and the rat sat on the cat. " * 20, "naïve café — “quotes” 日本 " * 20]
SMALL = bpe.train(TEXT, 300)


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=40), min_size=1, max_size=5))
@settings(deadline=None)
def test_every_text_comes_back_byte_for_byte(texts):
    ids = bpe.encode(SMALL, texts)
    assert ids.dtype == np.uint16
    starts = np.flatnonzero(ids == bpe.DOC_ID)
    assert len(starts) == len(texts)
    assert [SMALL.decode(d[1:].tolist()) for d in np.split(ids, starts)[1:]] == texts
    assert bpe.token_bytes(SMALL)[ids].sum() == sum(len(text.encode()) for text in texts)


def test_a_text_that_reads_like_the_mark_is_text():
    ids = bpe.encode(SMALL, ["a <doc> b"])
    assert (ids == bpe.DOC_ID).sum() == 1 and SMALL.decode(ids[1:].tolist()) == "a <doc> b"


def test_training_is_deterministic_and_the_vocabulary_exact():
    assert bpe.train(TEXT, 300).to_str() == SMALL.to_str() and SMALL.get_vocab_size() == 300
    assert SMALL.token_to_id(bpe.DOC) == bpe.DOC_ID == 0


def test_impossible_vocabularies_are_said_in_one_line():
    with pytest.raises(BadInput, match="take --vocab 256 or more"):
        bpe.train(TEXT, 64)
    with pytest.raises(BadInput, match="take a smaller --vocab"):
        bpe.train(["short"], 4096)
