"""C5: a token is kept as often as target and draft overlap, and what replaces a rejected one follows the rest of the target's law."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ssd_chance import tail
from ssd_pairs import run, tables

from projects.ssd import theory, verify
from projects.ssd.drafter import Drafter, Outcome
from projects.ssd.drafting import SOURCES, Order, table
from projects.ssd.engine import Sampling, Spec

V, FAN, K = 6, 2, 3


def laws(temperature, weight):
    """Target and draft after every token, p and q_C [V, V]."""
    made = []
    for model in (tables().target, tables().draft):
        law = np.exp(np.asarray(model.params["table"], float) / temperature)
        made.append(law / law.sum(1, keepdims=True))
    return made[0], theory.saguaro(made[1], FAN, weight)


def examined(weight, temperature, n, batch, new=12, backup="neural"):
    """Of every round that could not be cut short: the token before it and what follows [N, K + 2], k [N], and its source [N]."""
    spec = Spec("ssd", K, FAN * (K + 1), (FAN,) * (K + 1), saguaro=weight, backup=backup)
    tokens, rows = run(tables(), spec, Sampling(temperature, seed=2, max_new=new), [[1]] * n, batch, new + 1)
    texts = np.concatenate([np.ones((n, 1), int), tokens], 1)  # with the last token of the prompt
    begin = np.concatenate([np.cumsum(rows["emitted"][rows["seq"] == seq]) - rows["emitted"][rows["seq"] == seq] for seq in range(n)])
    order = np.lexsort((rows["round"], rows["seq"]))
    whole = begin + K + 1 <= new
    seq, k, source = (rows[name][order][whole] for name in ("seq", "k", "source"))
    return texts[seq[:, None], begin[whole, None] + np.arange(K + 2)], k, source


def check_acceptance(texts, k, alpha):
    """At every place, of the tokens that were examined there, within 4 sigma; alpha [V] by the token before."""
    for place in range(K):
        reached = k >= place
        want = alpha[texts[reached, place]]
        off = (k[reached] > place).sum() - want.sum()
        assert reached.sum() > 100 and abs(off) < 4 * np.sqrt((want * (1 - want)).sum()), place


@pytest.mark.parametrize("weight", [1.0, 0.3, 0.0])
def test_c5_acceptance_and_residual_of_the_engine(weight):
    temperature = 0.9
    texts, k, _ = examined(weight, temperature, 2000, 1000)
    p, q = laws(temperature, weight)
    check_acceptance(texts, k, theory.accepted_share(p, q))
    residual = np.maximum(p - q, 0)
    residual /= np.maximum(residual.sum(1, keepdims=True), 1e-300)
    last = texts[np.arange(len(k)), k], texts[np.arange(len(k)), k + 1]  # the token before the bonus, and the bonus
    for law, chosen in ((residual, k < K), (p, k == K)):
        counts = np.zeros((V, V))
        np.add.at(counts, (last[0][chosen], last[1][chosen]), 1)
        assert not counts[law == 0].any(), "what the draft proposes too often is never the bonus"
        often = counts.sum(1) >= 50
        assert often.sum() >= 3 or law is p and weight == 0, "hardly a guess is right to its end without the likeliest tokens"
        assert all(tail(counts[state], law[state]) > 1e-4 for state in np.flatnonzero(often))


def test_c5_random_tokens_are_kept_as_often_as_a_uniform_draft_s():
    texts, k, source = examined(1.0, 0.9, 2000, 1000, backup="random")
    random = source == SOURCES.index("random")
    check_acceptance(texts[random], k[random], theory.accepted_share(laws(0.9, 1.0)[0], np.full((V, V), 1 / V)))


@pytest.mark.parametrize("kind", ["random", "ngram"])
def test_c5_a_guess_is_judged_by_the_law_it_was_drawn_from(kind):
    """1 / V for a random token, all on one for a looked up one: the target's own probability of it, and then the target without it."""
    dice, n = np.random.default_rng(4), 40_000
    p = dice.dirichlet(np.ones(V), size=2)
    guess = dice.integers(0, V, (n, 1)) if kind == "random" else np.full((n, 1), 2)
    q = np.full((n, 1, V), 1 / V) if kind == "random" else np.broadcast_to(np.eye(V)[2], (n, 1, V))
    rows = jnp.array([0, 9], jnp.uint32), jnp.arange(n), jnp.ones(n)
    logits = jnp.broadcast_to(jnp.log(jnp.asarray(p, jnp.float32)), (n, 2, V))
    k, bonus = jax.jit(verify.sampled)(logits, jnp.asarray(guess, jnp.int32), jnp.asarray(q, jnp.float32), jnp.full(n, 5), rows)
    first = np.where(np.asarray(k) == 1, guess[:, 0], np.asarray(bonus))
    alpha = np.minimum(p[0], q[0, 0]).sum()
    assert abs((np.asarray(k) == 1).mean() - alpha) < 4 * np.sqrt(alpha * (1 - alpha) / n)
    counts = np.bincount(first, minlength=V)
    assert tail(counts, p[0]) > 1e-4
    assert tail(np.bincount(np.asarray(bonus)[np.asarray(k) == 1], minlength=V), p[1]) > 1e-4


def test_c5_the_law_of_a_prepared_token_is_that_of_its_time():
    """The fan-out may change between preparing and looking up, and Saguaro's top set with it: the token was drawn with the old one."""
    rows, weight = 16, 0.3
    wide, narrow = (Order("neural", table(fans, 6, V), table(fans, 6, V), 2) for fans in ((2, 2, 2), (1, 1, 4)))
    draft = Drafter(tables().draft.lm, tables().draft.params, rows, 32, 6, weight)
    draft.start(np.ones((rows, 1), np.int32), np.ones(rows, np.int32), np.arange(rows), Sampling((1.0,) * rows))
    draft.answer(Outcome(np.full(rows, -1, np.int32), np.ones(rows, np.int32), np.ones(rows, bool)), wide)
    draft.prespeculate()
    outcome = Outcome(*(np.array(one)[:, 3] for one in (draft.prepared.kidx, draft.prepared.bonus)), np.ones(rows, bool))
    found = draft.answer(outcome, narrow)
    assert found.hit.all()
    _, q = laws(1.0, weight)
    before = np.stack([outcome.bonus, np.asarray(found.tokens)[:, 0]], 1)  # the token before each
    np.testing.assert_allclose(found.q, q[before], atol=1e-5)
