import numpy as np
import pytest

from shared.data.markov import markov


def test_the_entropy_rate_is_that_of_the_text():
    tokens, entropy = markov(8, 60_000, 0)
    assert tokens.dtype == np.uint16 and tokens.max() < 8 and 0 < entropy < np.log(8)
    counts = np.zeros((8, 8))
    np.add.at(counts, (tokens[:-1], tokens[1:]), 1)
    observed = -(counts / counts.sum() * np.log(np.maximum(counts, 1) / counts.sum(1, keepdims=True))).sum()
    assert observed == pytest.approx(entropy, abs=0.02)


def test_the_seed_fixes_everything():
    assert np.array_equal(markov(5, 100, 3)[0], markov(5, 100, 3)[0]) and markov(5, 10, 3)[1] == markov(5, 100, 3)[1]
    assert markov(5, 100, 3)[1] != markov(5, 100, 4)[1]
