"""Speculation changes when tokens are made, never which: the greedy text is plain decoding's, whatever is guessed."""

import functools
import itertools

import numpy as np
import pytest
from ssd_pairs import forward, pair, prompts, run, wide

from projects.ssd.drafting import SOURCES
from projects.ssd.engine import Sampling, Spec

BACKUPS, FANS, BATCHES = ("neural", "random", "ngram"), (1, 3, "geometric"), (1, 3, 8)
FULL = 64, 128  # prompts, new tokens
CELLS = [  # (K, F, backup, batch): with 12 of the 108 every two levels of two factors meet
    (lookahead, FANS[i], BACKUPS[(i + one) % 3], BATCHES[(i + two) % 3])
    for lookahead, one, two in ((1, 0, 0), (3, 1, 2), (4, 2, 1), (7, 0, 1)) for i in range(3)
]  # fmt: skip
QUICK = [(3, "geometric", "neural"), (3, 2, "random"), (3, 2, "ngram"), (1, "geometric", "ngram"), (1, 4, "neural")]  # 8 branches each


def ssd(lookahead, fan, backup):
    budget = 8 if fan == "geometric" else fan * (lookahead + 1)
    return Spec("ssd", lookahead, budget, fan if fan == "geometric" else (fan,) * (lookahead + 1), backup=backup)


@functools.cache
def plain(kind, batch, count, new):
    """One token at a time."""
    return run(pair(kind), Spec("ar"), Sampling(max_new=new), prompts(count), batch)[0]


def speculated(kind, spec, batch, count, new):
    return run(pair(kind), spec, Sampling(max_new=new), prompts(count), batch)


def ties(kind, texts, plain, some):
    """How many texts leave the plain one; each may do so only where the two best tokens are equally good but for the rounding of products
    of different width, where the plain one has a choice."""
    left = [(prompt, known, text) for prompt, text, known in zip(some, texts, plain, strict=True) if text != known]
    for prompt, known, text in left:
        place = next(i for i, (one, other) in enumerate(zip(known, text, strict=True)) if one != other)
        best = np.sort(forward(pair(kind).target, np.array([[*prompt, *known[:place]]]))[0, -1])
        assert best[-1] - best[-2] < 1e-4, f"token {place} differs and the better one is better by {best[-1] - best[-2]:.3g}"
    return len(left)


def test_the_cells_meet_in_every_pair():
    levels = (1, 3, 4, 7), FANS, BACKUPS, BATCHES
    for one, other in itertools.combinations(range(4), 2):
        assert {(cell[one], cell[other]) for cell in CELLS} == set(itertools.product(levels[one], levels[other]))


def test_c1_greedy_text_is_that_of_plain_decoding():
    count, new, batch = 5, 24, 3
    known = plain("near", batch, count, new)
    assert wide(pair(), prompts(count), 3, new, batch) == known
    assert speculated("near", Spec("sd", 3), batch, count, new)[0] == known
    for cell in QUICK:
        tokens, rows = speculated("near", ssd(*cell), batch, count, new)
        assert tokens == known, cell
        assert (rows["hit"] == 1).any() and (rows["hit"] == 0).any()


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_c1_in_full(cell):
    """Through programs of one width the texts are the same; plain decoding, one token wide, rounds differently and may meet a tie."""
    lookahead, batch = cell[0], cell[3]
    known = wide(pair(), prompts(FULL[0]), lookahead, FULL[1], batch)
    assert speculated("near", Spec("sd", lookahead), batch, *FULL)[0] == known
    tokens, rows = speculated("near", ssd(*cell[:3]), batch, *FULL)
    assert tokens == known
    assert (rows["hit"] == 1).any() and (rows["hit"] == 0).any()
    assert ties("near", known, plain("near", batch, *FULL), prompts(FULL[0])) <= 1


def useless_or_perfect(kind, cell, count, new):
    """C2: a draft that has nothing to do with the target, and the target itself."""
    known = plain(kind, cell[3], count, new)
    tokens, rows = speculated(kind, ssd(*cell[:3]), cell[3], count, new)
    alone, _ = speculated(kind, Spec("sd", cell[0]), cell[3], count, new)
    assert tokens == alone
    assert ties(kind, tokens, known, prompts(count)) <= (count > 10)
    later = rows["hit"] >= 0
    if kind == "same":
        assert (rows["k"] == cell[0]).all(), "every round keeps all of its guess"
        assert later.any() and (rows["hit"][later] == 1).all() and (rows["rank"][later] == 0).all()
    else:
        drafted = np.isin(rows["source"], [SOURCES.index(name) for name in ("first", "hit", "neural")])  # n-grams may well be right
        assert drafted.sum() >= count and (rows["k"][drafted] + 1).mean() < 1.1


@pytest.mark.parametrize("kind", ["untrained", "same"])
def test_c2_a_useless_and_a_perfect_draft(kind):
    useless_or_perfect(kind, (3, "geometric", "neural", 3), 3, 24)


@pytest.mark.slow
@pytest.mark.parametrize("cell", [CELLS[1], CELLS[5], CELLS[6], CELLS[10]], ids=str)
@pytest.mark.parametrize("kind", ["untrained", "same"])
def test_c2_in_full(kind, cell):
    useless_or_perfect(kind, cell, *FULL)


def test_greedy_rows_beside_drawn_rows():
    some = prompts(4)
    known = run(pair(), Spec("ar"), Sampling(max_new=20), some)[0]
    for backup in BACKUPS:
        spec = Spec("ssd", 3, 8, (2, 2, 2, 2), saguaro=0.5, backup=backup)
        tokens, _ = run(pair(), spec, Sampling((0.0, 1.0, 0.0, 0.7), max_new=20), some)
        assert [tokens[0], tokens[2]] == [known[0], known[2]]
        assert tokens[1] != known[1]
