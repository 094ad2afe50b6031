import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.data import bpe, prepare, prepared, registry
from shared.data import tiny as tiny_text
from shared.data.split import SPLITS, split
from shared.data.tokens import Batches, load, windows
from shared.errors import BadInput


def documents(tokens: np.ndarray) -> set[bytes]:
    return {part.tobytes() for part in np.split(tokens, np.flatnonzero(tokens == bpe.DOC_ID))[1:]}


def test_the_splits_share_no_article_and_hold_all_of_them(tiny):
    articles = split(tiny_text.articles(tiny_text.COMMITTED))
    titles = [{article.title for article in articles[name]} for name in SPLITS]
    assert not (titles[0] & titles[1] or titles[0] & titles[2] or titles[1] & titles[2])
    coder = bpe.read(tiny.tokenizer)
    for name, stored in zip(SPLITS, (tiny.train, tiny.val, tiny.test), strict=True):
        assert np.array_equal(stored, bpe.encode(coder, [article.text for article in articles[name]]))
    assert not documents(tiny.train) & (documents(tiny.val) | documents(tiny.test))


def test_the_tokenizer_has_seen_train_text_only(empty_cache, monkeypatch, tiny):
    seen = []
    train = bpe.train

    def spy(texts, vocab):
        seen.extend(texts)
        return train(seen, vocab)

    monkeypatch.setattr(bpe, "train", spy)
    folder = registry.prepare("tiny", 256, say=lambda line: None)
    assert seen == [article.text for article in split(tiny_text.articles(tiny_text.COMMITTED))["train"]]
    for file in folder.iterdir():  # and preparing twice gives the same bytes
        assert file.read_bytes() == (tiny.tokenizer.parent / file.name).read_bytes()


def test_a_large_corpus_trains_the_tokenizer_on_its_first_articles(monkeypatch):
    monkeypatch.setattr(prepare, "TRAINING_TEXT", 20_000)
    articles = tiny_text.articles(tiny_text.COMMITTED)
    texts = list(prepare.training_text(articles))
    assert 1 < len(texts) < len(articles) and texts == [article.text for article in articles[: len(texts)]]


def test_tokens_are_16_bit_memory_maps_and_counts_are_recorded(tiny):
    for name, tokens in zip(SPLITS, (tiny.train, tiny.val, tiny.test), strict=True):
        assert isinstance(tokens, np.memmap) and tokens.dtype == np.uint16
        counts = tiny.meta["splits"][name]
        assert counts["tokens"] == len(tokens) and counts["documents"] == (tokens == bpe.DOC_ID).sum() >= 1
        assert counts["bytes"] == tiny.token_bytes[tokens].sum()
        assert tiny.bytes_per_token(tokens) == pytest.approx(counts["bytes_per_token"])
    assert len(tiny.train) > 150_000 and len(tiny.val) > 10_000 and len(tiny.test) > 10_000


def test_fewer_tokens_are_a_prefix_of_more(tiny):
    assert np.array_equal(tiny.first("train", 4096), tiny.first("train", 16_384)[:4096])
    with pytest.raises(BadInput, match="val tokens, not 10000000: take fewer"):
        tiny.first("val", 10_000_000)


def test_windows_is_a_view():
    tokens = np.arange(11, dtype=np.uint16)
    assert windows(tokens, 4).tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]] and np.shares_memory(windows(tokens, 4), tokens)


shapes = st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(1, 7), st.integers(0, 9), st.booleans())


@given(shapes)
@settings(deadline=None)
def test_every_epoch_sees_every_window_exactly_once(shape):
    context, batch_size, steps, seed, reshuffle = shape
    tokens = np.arange(context * batch_size * steps, dtype=np.uint16)
    batches = Batches(tokens, context, batch_size, seed, reshuffle)
    assert batches.steps_per_epoch == steps
    orders = []
    for epoch in range(3):
        rows = np.concatenate([batches(epoch * steps + step) for step in range(steps)])
        assert rows.dtype == np.int32 and rows.shape == (steps * batch_size, context)
        assert np.array_equal(rows[rows[:, 0].argsort()], windows(tokens, context))
        orders.append(rows[:, 0].tolist())
    if not reshuffle:
        assert orders[0] == orders[1] == orders[2]


def test_reshuffling_changes_the_order_of_every_epoch_and_nothing_of_the_first(tiny):
    fixed, shuffled = (Batches(tiny.first("train", 4096), 16, 8, 3, reshuffle) for reshuffle in (False, True))
    n = fixed.steps_per_epoch
    assert np.array_equal(fixed(0), fixed(n)) and np.array_equal(fixed(0), shuffled(0))
    assert not np.array_equal(shuffled(0), shuffled(n)) and not np.array_equal(shuffled(n), shuffled(2 * n))


def test_a_batch_depends_on_seed_and_step_alone(tiny):
    tokens = tiny.first("train", 4096)
    batches = Batches(tokens, 16, 8, 3, True)
    steps = [77, 3, 0, 77, 40]
    again = Batches(tokens.copy(), 16, 8, 3, True)
    for step, batch in zip(steps, [batches(step) for step in steps], strict=True):
        assert np.array_equal(batch, again(step))
    assert not np.array_equal(batches(0), Batches(tokens, 16, 8, 4, True)(0))


def test_the_order_is_the_same_on_every_machine():
    batches = Batches(np.arange(12, dtype=np.uint16), 1, 12, 7, True)
    assert [batches(step)[:, 0].tolist() for step in (0, 1)] == [
        [6, 3, 11, 4, 10, 9, 0, 2, 8, 7, 5, 1],
        [11, 1, 3, 2, 10, 7, 8, 4, 5, 9, 0, 6],
    ]


def test_tokens_that_do_not_fill_batches_are_refused():
    with pytest.raises(BadInput, match="100 tokens are no whole number of batches of 4 x 8: take 96"):
        Batches(np.zeros(100, np.uint16), 8, 4, 0, False)


def test_what_is_not_there_is_said_with_the_command(empty_cache):
    with pytest.raises(BadInput, match="is not there: run python -m launch data enwik8 --vocab 512"):
        load("enwik8", 512)
    with pytest.raises(BadInput, match="no data set 'enwik9': there are enwik8, sotu, tiny"):
        load("enwik9", 512)
    with pytest.raises(BadInput, match="70000 does not fit"):
        load("enwik8", 70_000)


def test_damage_is_seen(empty_cache):
    load("tiny", 256)
    folder = prepared.directory("tiny", 256)
    file = folder / "val.u16"
    whole = file.read_bytes()

    file.write_bytes(whole[:-2] + b"\0\0")  # same size, other content: only verify reads that far
    load("tiny", 256)
    with pytest.raises(BadInput, match="wrong sha256 in val.u16: run python -m launch data tiny --vocab 256") as error:
        registry.verify("tiny", 256)
    assert "\n" not in str(error.value)
    registry.prepare("tiny", 256, say=lambda line: None)
    assert file.read_bytes() == whole
    registry.verify("tiny", 256)

    file.write_bytes(whole[:-2])
    assert prepared.problem(folder) == f"has {len(whole) - 2} bytes in val.u16, not {len(whole)}"
    load("tiny", 256)  # comes with the code, so it is made again unasked
    assert file.read_bytes() == whole

    meta = folder / prepared.META
    meta.write_text(json.dumps(json.loads(meta.read_text()) | {"format": 0}))
    assert prepared.problem(folder) == "was prepared in format 0, not 1"
    meta.write_text("{")
    assert prepared.problem(folder) == "has no readable meta.json"
