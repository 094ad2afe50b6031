"""C10: rows of a batch that begin, end and fill the cache at different times say what each would say alone."""

import numpy as np
import pytest
from ssd_pairs import CAPACITY, pair, run

from projects.ssd.engine import Sampling, Spec

NEW = 22  # K + 1 = 4 does not divide it
LENGTHS = [CAPACITY - NEW, 1, 7, 3, 10]  # the first fills the cache
DICE = np.random.default_rng(5)
SOME = [DICE.integers(0, 61, length).tolist() for length in LENGTHS]


def spec(backup):
    return Spec("ssd", 3, 8, (2, 2, 2, 2), backup=backup)


@pytest.mark.parametrize("backup", ["neural", "ngram", "random"])
@pytest.mark.parametrize("temperature", [0.0, 0.9])
def test_c10_prompts_of_different_length_in_a_nearly_full_cache(backup, temperature):
    """Five prompts through three rows, the longest of which fills the cache to the last token; and each prompt on its own."""
    sampling = Sampling(temperature, seed=4, max_new=NEW)
    together, rows = run(pair(), spec(backup), sampling, SOME)
    alone, _ = run(pair(), spec(backup), sampling, SOME, 1)
    assert together == alone
    assert list(map(len, together)) == [NEW] * 5 and rows["truncated"].any()


@pytest.mark.parametrize("new", [1, 2, 21])
def test_c10_any_number_of_tokens_can_be_asked_for(new):
    longest, _ = run(pair(), spec("neural"), Sampling(max_new=23), SOME[1:], 3)
    tokens, rows = run(pair(), spec("neural"), Sampling(max_new=new), SOME[1:], 3)
    assert tokens == [text[:new] for text in longest]
    assert (rows["truncated"] >= 0).all() and rows["emitted"].sum() == 4 * new


def ending():
    """A token that is accepted inside a guess, with as many kept after it as there are, and ends none of the texts at once."""
    texts, rows = run(pair(), spec("neural"), Sampling(max_new=NEW, ignore_eos=True), SOME)
    found = []
    for seq, text in enumerate(texts):
        mine = rows["seq"] == seq
        begin = np.cumsum(rows["emitted"][mine]) - rows["emitted"][mine]
        found += [(k, text[place]) for place, k in zip(begin, rows["k"][mine], strict=True)
                  if k > 0 and 2 < place < NEW - k - 1 and text[place] not in text[:place]]  # fmt: skip
    return max(found)[1]


def cut(text, end):
    return text[: text.index(end) + 1] if end in text else text


@pytest.mark.parametrize("batch", [1, 3])
def test_c10_the_end_of_a_text_inside_a_guess(batch):
    """Everything after it is dropped although it was accepted, and the other rows go on."""
    end = ending()
    whole, _ = run(pair(), Spec("ar"), Sampling(max_new=NEW, ignore_eos=True), SOME, 3)
    wanted = [cut(text, end) for text in whole]
    assert len({len(text) for text in wanted}) > 1
    ended = pair()._replace(eos=(end,))
    for mode in (Spec("ar"), Spec("sd", 3), spec("neural"), spec("ngram")):
        tokens, rows = run(ended, mode, Sampling(max_new=NEW), SOME, batch)
        assert tokens == wanted, mode.mode
        short = [seq for seq, text in enumerate(tokens) if len(text) < NEW]
        assert mode.mode == "ar" or rows["truncated"][np.isin(rows["seq"], short)].max() > 0
    assert run(ended, spec("neural"), Sampling(max_new=NEW, ignore_eos=True), SOME, batch)[0] == whole
