"""Pairs of start and goal lie in one episode, `offset` steps apart; every row that has such a goal may be drawn, once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.lewm.episodes import from_list
from projects.lewm.pairs import pairs
from shared.errors import BadInput


def episodes(lengths):
    return from_list([(np.zeros((length, 2)), np.zeros((length - 1, 2))) for length in lengths])


@given(st.lists(st.integers(1, 40), min_size=1, max_size=10), st.integers(1, 30), st.integers(0, 1000), st.data())
def test_pairs(lengths, offset, seed, data):
    some = episodes(lengths)
    possible = [row for row in range(len(some.actions)) if some.step[row] <= lengths[some.episode[row]] - offset - 1]
    count = data.draw(st.integers(0, len(possible)))
    starts, goals = pairs(some, count, offset, seed)
    assert len(starts) == count and (np.diff(starts) > 0).all() and set(starts) <= set(possible)
    np.testing.assert_array_equal(goals, starts + offset)
    np.testing.assert_array_equal(some.episode[goals], some.episode[starts])
    np.testing.assert_array_equal(pairs(some, len(possible), offset, seed)[0], possible)  # all of them, each once


def test_they_are_the_authors_draw():
    """numpy's generator 42, without replacement, sorted."""
    some = episodes([101] * 30)
    rows = np.flatnonzero(some.step <= 75)
    wanted = np.sort(rows[np.random.default_rng(42).choice(len(rows), 50, replace=False)])
    np.testing.assert_array_equal(pairs(some, 50, 25, 42)[0], wanted)


def test_seeds_differ():
    some = episodes([101] * 5)
    assert not np.array_equal(pairs(some, 10, 25, 0)[0], pairs(some, 10, 25, 1)[0])


def test_among_some_episodes_only():
    some = episodes([40] * 6)
    starts, _ = pairs(some, 30, 25, 0, among=np.array([1, 4]))
    assert set(some.episode[starts]) == {1, 4}


def test_too_few_rows_name_the_remedy():
    with pytest.raises(BadInput, match="protocol.pairs=31: only 30 rows have one 25 steps later: take at most that"):
        pairs(episodes([40, 40, 25]), 31, 25, 0)
    with pytest.raises(BadInput, match="only 15 rows"):
        pairs(episodes([40, 40, 25]), 16, 25, 0, among=np.array([1, 2]))
