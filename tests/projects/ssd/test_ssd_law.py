"""Above temperature 0 the text is drawn from the target's law, whatever drafted it; also where the draft had guessed right, or wrong."""

import numpy as np
import pytest
from ssd_chance import near, tail
from ssd_pairs import pair, prompts, run, tables

from projects.ssd.engine import Sampling, Spec

LENGTH, VOCAB = 4, 6
# mode, backup, Saguaro's C, temperature
QUICK = [("sd", "neural", 1.0, 1.0), ("ssd", "neural", 0.5, 0.7), ("ssd", "random", 1.0, 1.3), ("ssd", "ngram", 0.0, 1.0)]
CELLS = [  # every mode, backup, weight C and temperature, and most pairs of them
    ("sd", "neural", 1.0, 0.7), ("sd", "neural", 0.1, 1.3), ("ssd", "neural", 1.0, 1.0), ("ssd", "neural", 0.5, 1.3),
    ("ssd", "neural", 0.1, 0.7), ("ssd", "neural", 0.0, 1.0), ("ssd", "random", 1.0, 1.3), ("ssd", "random", 0.5, 0.7),
    ("ssd", "random", 0.1, 1.0), ("ssd", "ngram", 1.0, 0.7), ("ssd", "ngram", 0.5, 1.0), ("ssd", "ngram", 0.0, 1.3),
]  # fmt: skip


def next_token(temperature):
    """P of the target [V, V], next token given the last."""
    p = np.exp(np.asarray(tables().target.params["table"], float) / temperature)
    return p / p.sum(1, keepdims=True)


def sequences(p, start, length):
    """P of every sequence [V ** length] after `start`."""
    out = p[start]
    for _ in range(length - 1):
        out = (out.reshape(-1, len(p))[:, :, None] * p[None]).reshape(-1)
    return out


def follow(tokens, rows, start, hit):
    """[V, V] counts of the tokens that rounds gave out after a hit (1) or a miss (0), by the token before."""
    counts = np.zeros((VOCAB, VOCAB), int)
    place = np.zeros(len(tokens), int)
    for number in np.unique(rows["round"]):
        now = rows["round"] == number
        seq, emitted, chosen = rows["seq"][now], rows["emitted"][now], rows["hit"][now] == hit
        for step in range(emitted.max()):
            some = seq[chosen & (step < emitted)]
            at = place[some] + step
            before = np.where(at > 0, tokens[some, np.maximum(at - 1, 0)], start)
            np.add.at(counts, (before, tokens[some, at]), 1)
        place[seq] += emitted
    return counts


def check(cell, n, batch, cells):
    mode, backup, weight, temperature = cell
    spec = Spec(mode, lookahead=2, budget=6, fanout=(2, 2, 2), backup=backup, saguaro=weight)
    tokens, rows = run(tables(), spec, Sampling(temperature, seed=11, max_new=LENGTH), [[0, 1]] * n, batch, 8)
    tokens, p = np.array(tokens), next_token(temperature)
    whole, law = np.bincount(tokens @ VOCAB ** np.arange(LENGTH)[::-1], minlength=VOCAB**LENGTH), sequences(p, 1, LENGTH)
    assert tail(whole, law) > 1e-3 / cells and near(whole, law)
    for hit in (0, 1) if mode == "ssd" else ():  # C4
        counts = follow(tokens, rows, 1, hit)
        often = counts.sum(1) >= 60
        assert often.sum() >= VOCAB - 2, "each stratum must be seen after most tokens"
        assert min(tail(counts[state], p[state]) for state in np.flatnonzero(often)) > 1e-3 / (cells * 2 * VOCAB)
        assert near(counts[often], p[often])


@pytest.mark.parametrize("cell", QUICK, ids=str)
def test_c3_c4_drawn_sequences_have_the_law_of_the_target(cell):
    check(cell, 8192, 2048, len(QUICK))


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_c3_c4_in_full(cell):
    check(cell, 100_000, 4096, len(CELLS))


def test_the_tests_would_see_a_fiftieth_of_the_mass_in_the_wrong_place():
    p, dice = next_token(1.0), np.random.default_rng(0)
    right, wrong = (np.array([dice.multinomial(50_000, row) for row in law]) for law in (p, 0.98 * p + 0.02 / VOCAB))
    assert near(right, p) and min(map(tail, right, p)) > 1e-3 / 144
    assert not near(wrong, p) and min(map(tail, wrong, p)) < 1e-3 / 144


@pytest.mark.parametrize("weight", [1.0, 0.3])
def test_c6_drawn_tokens_do_not_depend_on_when_they_were_drafted(weight):
    some, sampling = prompts(5), Sampling(0.9, seed=3, max_new=24)
    spec = {"lookahead": 3, "budget": 8, "fanout": (2, 2, 2, 2), "saguaro": weight}
    plain, _ = run(pair(), Spec("sd", **spec), sampling, some)
    ahead, rows = run(pair(), Spec("ssd", **spec), sampling, some)
    assert ahead == plain and (rows["hit"] == 1).any() and (rows["hit"] == 0).any()
    assert run(pair(), Spec("ssd", **spec), sampling, some, batch=1)[0] == plain


@pytest.mark.slow
@pytest.mark.parametrize(("lookahead", "weight", "temperature"), [(1, 1.0, 0.7), (4, 0.3, 1.3), (7, 1.0, 1.0), (7, 0.0, 0.7)])
def test_c6_in_full(lookahead, weight, temperature):
    some, sampling = prompts(32), Sampling(temperature, seed=6, max_new=96)
    spec = {"lookahead": lookahead, "budget": 2 * (lookahead + 1), "fanout": (2,) * (lookahead + 1), "saguaro": weight}
    plain, _ = run(pair(), Spec("sd", **spec), sampling, some, 8)
    ahead, rows = run(pair(), Spec("ssd", **spec), sampling, some, 8)
    assert ahead == plain and (rows["hit"] == 1).any() and (rows["hit"] == 0).any()
