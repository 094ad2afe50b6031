"""What is prepared ahead is what a fresh draft would say, and no guess leaves a trace in what either model remembers."""

import dataclasses
from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ssd_pairs import CAPACITY, CONFIG, forward, model, near, pair, prompts, watched

from projects.ssd.drafting import SOURCES
from projects.ssd.engine import Sampling, Spec
from projects.ssd.pairs import Pair, decoder
from shared.nn.decoder import Decoder
from shared.nn.pure import pure

SOME, LENGTH = prompts(4), 48  # no text that is prepared for is longer
EXACT = 1e-4


def calm() -> Pair:
    """A pair whose logits have the size that trained ones have."""
    target = model(0, contrast=4.0)
    return Pair("calm", target, near(target, 0.1))


def terse() -> Pair:
    """Its draft can say only every third token."""
    target, ids = model(0, contrast=4.0), np.arange(0, CONFIG.vocab, 3, np.int32)
    config = dataclasses.replace(CONFIG, layers=1, outputs=len(ids))
    params = jax.jit(pure(lambda rngs: Decoder(config, rngs)).init)(jax.random.key(3))
    return Pair("terse", target, decoder(config, params, ids))


def whole(draft, texts):
    """Logits of the draft over all tokens, from the beginning of the texts."""
    if draft.ids is None:
        return forward(draft, texts)
    few = forward(draft._replace(ids=None), texts)
    logits = np.full((*few.shape[:2], draft.lm.vocab), -np.inf, np.float32)
    logits[..., draft.ids] = few
    return logits


def branches(before):
    """(row, branch, k) of what was prepared."""
    return [(row, m, k) for (row, m), k in np.ndenumerate(before.prepared.kidx) if k >= 0]


@pytest.mark.parametrize("make", [calm, terse])
@pytest.mark.parametrize("backup", ["neural", "ngram"])
def test_c8_every_prepared_answer_is_that_of_a_fresh_draft(make, backup):
    """Its logits and its tokens, for whatever outcome: the draft reads the whole text that this outcome would make."""
    made = make()
    spec = Spec("ssd", 3, 8, (3, 2, 1, 2), (5, 1, 1, 1), backup=backup)
    _, _, seen = watched(made, spec, Sampling((0.8, 0.0, 1.2, 0.8), max_new=20), SOME)
    texts, places, cached, tokens = [], [], [], []
    for before in seen.prepared:
        for row, m, k in branches(before):
            text = [*before.history[row, : before.length[row] + 1], *before.speculation[row, :k], before.prepared.bonus[row, m]]
            places.append(len(text) - 1)
            tokens.append(before.prepared.tokens[row, m])
            texts.append([*text, *tokens[-1], *[0] * LENGTH][:LENGTH])
            cached.append(before.prepared.logits[row, m])
    fresh = whole(made.draft, np.array(texts, np.int32))
    fresh = fresh[np.arange(len(texts))[:, None], np.array(places)[:, None] + np.arange(3)]  # [N, K, V]
    said = np.isfinite(fresh)
    np.testing.assert_array_equal(np.isfinite(cached), said)
    assert len(texts) > 200 and said.any()
    assert np.abs(np.array(cached)[said] - fresh[said]).max() < EXACT
    assert said[np.arange(len(texts))[:, None], np.arange(3), np.array(tokens)].all(), "drawn from what the draft can say"


def test_c8_greedy_answers_are_the_best_tokens_of_a_fresh_draft():
    _, _, seen = watched(pair(), Spec("ssd", 3, 8), Sampling(max_new=20), SOME)
    texts, places, tokens = [], [], []
    for before in seen.prepared:
        assert before.prepared.logits is None
        for row, m, k in branches(before):
            text = [*before.history[row, : before.length[row] + 1], *before.speculation[row, :k], before.prepared.bonus[row, m]]
            places.append(len(text) - 1)
            tokens.append(before.prepared.tokens[row, m])
            texts.append([*text, *tokens[-1], *[0] * LENGTH][:LENGTH])
    best = forward(pair().draft, np.array(texts, np.int32)).argmax(-1)
    np.testing.assert_array_equal(best[np.arange(len(texts))[:, None], np.array(places)[:, None] + np.arange(3)], tokens)


@pytest.mark.parametrize("mode", ["sd", "ssd"])
@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_c9_both_models_remember_the_text_and_nothing_else(mode, temperature):
    """After every round keys and values of the committed tokens are those of a fresh reading; prompts and rows end at different times."""
    made = calm()
    spec = Spec(mode, 3, 8, (2, 2, 2, 2), backup="ngram" if temperature else "neural")
    texts, rows, seen = watched(made, spec, Sampling(temperature, max_new=20), SOME[:3])
    size = CAPACITY + spec.longest + 2
    full = np.zeros((3, size), np.int32)
    for row, (prompt, text) in enumerate(zip(SOME, texts, strict=False)):
        full[row, : len(prompt) + len(text)] = [*prompt, *text]
    assert len(seen.target) == len(np.unique(rows["round"])) > 5 and {0, 3} < set(rows["k"])
    for one, caches in ((made.target, seen.target), (made.draft, seen.draft)):
        params = one.lm.prepare(one.params, jax.devices()[0])
        _, fresh = jax.jit(one.lm.extend)(params, jnp.asarray(full), one.lm.init_cache(3, size))
        for number, cache in enumerate(caches):
            for row, length in enumerate(cache.length):
                ends = len(SOME[row]) + len(texts[row]) + spec.longest
                assert len(SOME[row]) - 1 <= length <= ends
                for kept, new in zip(jax.tree.leaves((cache.k, cache.v)), jax.tree.leaves((fresh.k, fresh.v)), strict=True):
                    axis = kept.shape.index(size)
                    known = min(length, len(SOME[row]) + len(texts[row]) - 1)  # a last round may commit what is cut off
                    kept, new = (np.take(leaf, np.arange(known), axis)[row] for leaf in (kept, np.asarray(new)))
                    assert np.abs(kept - new).max(initial=0) < EXACT, (number, row)


@pytest.mark.parametrize("backup", ["neural", "random"])
def test_c7_every_round_prepares_m_different_outcomes_that_can_be(backup):
    """Not the drafted token after its own rejection; as many for every k as the fan-out says; and what was prepared decides the hit."""
    fans, poor = (3, 2, 1, 2), (6, 1, 1, 0)
    spec = Spec("ssd", 3, 8, fans, poor, backup=backup)
    texts, rows, seen = watched(pair(), spec, Sampling(0.8, max_new=21), SOME[:3])
    assert len(seen.prepared) == len(np.unique(rows["round"]))
    hits = 0
    for number, before in enumerate(seen.prepared):
        keys = [[] for _ in range(3)]
        for row, m, k in branches(before):
            keys[row].append((k, before.prepared.bonus[row, m]))
        now, after = (rows["round"] == one for one in (number, number + 1))
        for row, k, bonus, source in zip(rows["seq"][now], rows["k"][now], rows["bonus"][now], rows["source"][now], strict=True):
            mine = keys[row]
            assert len(mine) == len(set(mine)) == 8
            assert not {(place, token) for place, token in enumerate(before.speculation[row])} & set(mine)
            wanted = poor if SOURCES[source] == "random" else fans
            assert Counter(place for place, _ in mine) == Counter({place: fan for place, fan in enumerate(wanted) if fan})
            later = after & (rows["seq"] == row)
            for hit, rank in zip(rows["hit"][later], rows["rank"][later], strict=True):
                assert hit == ((k, bonus) in mine) == (rank < wanted[k])
                hits += hit
    assert 0 < hits < (rows["hit"] >= 0).sum()
    assert backup == "neural" or "random" in {SOURCES[source] for source in rows["source"]}


def test_c7_the_records_add_up():
    texts, rows, _ = watched(pair(), Spec("ssd", 3, 8, (2, 2, 2, 2), backup="ngram"), Sampling(0.8, max_new=21), prompts(5))
    first = [int(np.flatnonzero(rows["seq"] == seq)[0]) for seq in range(5)]
    assert (rows["source"][first] == SOURCES.index("first")).all() and (rows["hit"][first] == -1).all()
    assert (rows["hit"] >= 0).sum() == len(rows["hit"]) - 5, "hits and misses are all rounds of a row but its first"
    assert ((rows["source"] == SOURCES.index("hit")) == (rows["hit"] == 1)).all()
    assert (rows["emitted"] + rows["truncated"] == rows["k"] + 1).all()
    assert [rows["emitted"][rows["seq"] == seq].sum() for seq in range(5)] == [21] * 5 == list(map(len, texts))
    last = [int(np.flatnonzero(rows["seq"] == seq)[-1]) for seq in range(5)]
    assert not np.delete(rows["truncated"], last).any(), "only the last round of a text is cut"
    after, hits = rows["hit"] >= 0, rows["hit"] == 1
    p, tokens = hits[after].mean(), rows["k"] + 1
    assert p * tokens[hits].mean() + (1 - p) * tokens[rows["hit"] == 0].mean() == pytest.approx(tokens[after].mean())
    assert (rows["t_dispatch"] <= rows["t_verify"]).all() and (rows["t_verify"] <= rows["t_round"]).all()
    assert (rows["syncs"][rows["p_end"] > 0] <= 2).all()
