"""A range coder with its decoder: symbols to the fewest bits that their model allows, and exactly back.

Integer arithmetic only, so what one machine writes every other one reads. The code of a message is the shortest string of bits whose
every continuation lies in the message's interval: it tells its own end to who knows how many symbols there are, so the codes of all
messages of one length are prefix-free, and their lengths are those of a probability distribution.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple, Protocol

from shared.errors import BadInput

TOP = 1 << 64  # of the interval; it is scaled up by a byte whenever it falls below LEAST
LEAST = 1 << 56
MOST = 1 << 32  # of a table's total: an interval is cut to 2^-24 of itself


class Model(Protocol):
    """What is expected next: a symbol's share of the total, and its place among the others'."""

    size: int  # symbols there are
    total: int

    def share(self, symbol: int) -> tuple[int, int]: ...  # start, size
    def at(self, place: int) -> int: ...  # the symbol whose share holds a place
    def seen(self, symbol: int) -> None: ...


class Static:
    """The same frequencies all along. Both sides know them."""

    def __init__(self, frequencies: Sequence[int]):
        self.size = len(frequencies)
        self.edges = [0, *accumulate(int(count) for count in frequencies)]
        self.total = self.edges[-1]
        if min(frequencies, default=0) < 0 or not 0 < self.total <= MOST:
            raise BadInput(f"frequencies that sum to {self.total}: give numbers of at least 0, together 1 to 2^32")

    def share(self, symbol: int) -> tuple[int, int]:
        return self.edges[symbol], self.edges[symbol + 1] - self.edges[symbol]

    def at(self, place: int) -> int:
        return bisect_right(self.edges, place) - 1

    def seen(self, symbol: int) -> None:
        pass


class Adaptive:
    """Frequencies learned on the way (Krichevsky and Trofimov: half a symbol of each before the first): none need to be sent.

    Costs at most (size - 1) / 2 log2(n) + log2(size) bits more than the best fixed frequencies would.
    """

    def __init__(self, size: int):
        self.size, self.counts, self.total = size, [1] * size, size  # in halves

    def share(self, symbol: int) -> tuple[int, int]:
        return sum(self.counts[:symbol]), self.counts[symbol]

    def at(self, place: int) -> int:
        return bisect_right(list(accumulate(self.counts)), place)

    def seen(self, symbol: int) -> None:
        self.counts[symbol] += 2
        self.total += 2


class Code(NamedTuple):
    """Whole bytes, of which the first `bits` bits are the code and the rest is 0."""

    data: bytes
    bits: int


def encode(symbols: Iterable[int], model: Model) -> Code:
    """The code of a message. Raises BadInput for a symbol that the model holds for impossible."""
    low, width, out = 0, TOP, bytearray()
    for symbol in symbols:
        start, size = model.share(symbol) if 0 <= symbol < model.size else (0, 0)
        if not size:
            raise BadInput(f"symbol {symbol} has no frequency: give it one, or leave it out of the message")
        unit = width // model.total
        low += unit * start
        # the last share takes what the division leaves over
        width = unit * size if start + size < model.total else width - unit * start
        model.seen(symbol)
        if low >= TOP:
            low -= TOP
            carry(out)
        while width < LEAST:
            out.append(low >> 56)
            low, width = (low << 8) % TOP, width << 8
    return finish(out, low, width)


def carry(out: bytearray) -> None:
    """Adds one to the number whose digits were written."""
    place = len(out) - 1
    while out[place] == 255:
        out[place] = 0
        place -= 1
    out[place] += 1


def finish(out: bytearray, low: int, width: int) -> Code:
    """The fewest bits more that name an interval within [low, low + width)."""
    for count in range(65):
        step = TOP >> count
        first = -(-low // step) * step
        if first + step <= low + width:
            break
    bits = 8 * len(out) + count
    if first >= TOP:
        first -= TOP
        carry(out)
    return Code(bytes(out) + (first >> 48).to_bytes(2)[: -(-count // 8)], bits)


def decode(data: bytes, count: int, model: Model) -> list[int]:
    """The `count` symbols of a code; what follows it in `data` is not looked at. Any bytes are the code of some message."""
    symbols, width, position = [], TOP, 8
    value = int.from_bytes(data[:8].ljust(8, b"\0"))  # the code, less the low end of the interval
    for _ in range(count):
        unit = width // model.total
        symbol = model.at(min(value // unit, model.total - 1))
        start, size = model.share(symbol)
        value -= unit * start
        width = unit * size if start + size < model.total else width - unit * start
        model.seen(symbol)
        while width < LEAST:
            value = value << 8 | (data[position] if position < len(data) else 0)
            width, position = width << 8, position + 1
        symbols.append(symbol)
    return symbols
