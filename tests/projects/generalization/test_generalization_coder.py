"""What is encoded is decoded, from the code alone, and is as short as the entropy allows (E2)."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.generalization.coder import MOST, Adaptive, Code, Static, decode, encode
from shared.errors import BadInput

quick = settings(deadline=None, max_examples=40)
sizes = st.integers(1, 40)
tables = st.lists(st.one_of(st.just(0), st.integers(0, 9), st.integers(0, MOST // 40)), min_size=1, max_size=40).filter(any)


@st.composite
def messages(draw):
    """A table, zeros among it, and a message of what it holds for possible: often a long one of few symbols."""
    table = draw(tables)
    possible = [symbol for symbol, count in enumerate(table) if count]
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return table, rng.choice(possible, draw(st.integers(0, 400))).tolist()


def ideal(symbols, table):
    return sum(math.log2(sum(table) / table[symbol]) for symbol in symbols)


def unused(code: Code) -> int:
    """The bits after the code."""
    return int.from_bytes(code.data) % (1 << 8 * len(code.data) - code.bits)


@quick
@given(messages(), st.binary(max_size=12))
def test_static_there_and_back(message, after):
    table, symbols = message
    code = encode(symbols, Static(table))
    assert len(code.data) == -(-code.bits // 8) and unused(code) == 0
    assert decode(code.data, len(symbols), Static(table)) == symbols
    assert decode(code.data + after, len(symbols), Static(table)) == symbols
    assert code.bits <= ideal(symbols, table) + 1 + 1e-3 * len(symbols) + 1


@quick
@given(sizes, st.data())
def test_adaptive_there_and_back(size, data):
    symbols = data.draw(st.lists(st.integers(0, size - 1), max_size=300))
    code = encode(symbols, Adaptive(size))
    assert decode(code.data, len(symbols), Adaptive(size)) == symbols
    counts = np.bincount(symbols, minlength=size) if symbols else np.ones(size)
    price = (size - 1) / 2 * math.log2(max(1, len(symbols))) + math.log2(size)
    assert code.bits <= ideal(symbols, counts.tolist()) + price + 3


@quick
@given(messages(), st.randoms(use_true_random=False))
def test_any_continuation_of_the_bits_is_read_the_same(message, random):
    """So no code is the beginning of another one."""
    table, symbols = message
    code = encode(symbols, Static(table))
    rest = 8 * len(code.data) - code.bits
    other = (int.from_bytes(code.data) | random.getrandbits(rest)).to_bytes(len(code.data))
    assert decode(other + random.randbytes(12), len(symbols), Static(table)) == symbols


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("make", [lambda size: Adaptive(size), lambda size: Static(range(1, size + 1))], ids=["adaptive", "static"])
def test_the_lengths_are_those_of_a_distribution(size, make):
    """Kraft's inequality over all messages of five symbols."""
    every = np.stack(np.meshgrid(*[range(size)] * 5), -1).reshape(-1, 5).tolist()
    assert sum(2.0 ** -encode(symbols, make(size)).bits for symbols in every) <= 1


def test_a_thousand_streams_are_as_long_as_their_entropy():
    rng = np.random.default_rng(0)
    for _ in range(1_000):
        count, size = rng.integers(1, 300), rng.integers(1, 24)
        symbols = rng.choice(size, count, p=rng.dirichlet(np.full(size, 0.3))).tolist()
        table = np.bincount(symbols, minlength=size).tolist()
        code = encode(symbols, Static(table))
        assert code.bits <= math.ceil(ideal(symbols, table)) + 1
        assert decode(code.data, count, Static(table)) == symbols


def test_a_certain_message_costs_nothing():
    assert encode([0] * 1_000, Static([7])) == (b"", 0)
    assert encode([1] * 1_000, Static([0, 3, 0])) == (b"", 0)
    assert decode(b"", 3, Static([0, 3, 0])) == [1, 1, 1]
    assert encode([], Adaptive(5)) == (b"", 0)


def test_a_carry_runs_through_bytes_of_ones():
    """A long run of the last of two symbols, then the other one: the interval's ends straddle a power of two."""
    for length in range(1, 200):
        symbols = [0] + [1] * length + [0, 1]
        table = [1, 2**20]
        assert decode(encode(symbols, Static(table)).data, length + 3, Static(table)) == symbols


@quick
@given(st.binary(max_size=64), st.integers(0, 60), sizes)
def test_any_bytes_are_the_code_of_something(data, count, size):
    symbols = decode(data, count, Adaptive(size))
    assert len(symbols) == count and all(0 <= symbol < size for symbol in symbols)


@pytest.mark.parametrize("call, said", [
    (lambda: encode([0, 1], Static([1, 0])), "symbol 1 has no frequency"),
    (lambda: encode([2], Static([1, 1])), "symbol 2 has no frequency"),
    (lambda: encode([-1], Adaptive(2)), "symbol -1 has no frequency"),
    (lambda: Static([0, 0]), "together 1 to 2\\^32"),
    (lambda: Static([]), "together 1 to 2\\^32"),
    (lambda: Static([2, -1]), "at least 0"),
    (lambda: Static([MOST, 1]), "together 1 to 2\\^32"),
])  # fmt: skip
def test_what_cannot_be_coded(call, said):
    with pytest.raises(BadInput, match=said) as error:
        call()
    assert "\n" not in str(error.value)
