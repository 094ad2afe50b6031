"""The draft: guesses K tokens, and while they are verified prepares the answers to the likely outcomes.

Three verbs, the same in this process and in another one (remote.py): start, answer, prespeculate.
"""

import time
from typing import Any, NamedTuple

import jax
import numpy as np

from projects.ssd import draft_steps as steps
from projects.ssd.drafting import SOURCES, Order
from projects.ssd.lm import LM
from projects.ssd.sampling import Rows, Sampling
from projects.ssd.target import padded

FIRST, HIT = SOURCES.index("first"), SOURCES.index("hit")
POOR = SOURCES.index("ngram")  # from here on: not drafted by the model


class DraftLost(Exception):
    """The draft's process is gone. One line that says why."""


class Outcome(NamedTuple):
    """Of the last verification. k = -1: there was none; the bonus then is the last token of the prompt."""

    k: np.ndarray  # [B] int32, accepted tokens
    bonus: np.ndarray  # [B] int32
    active: np.ndarray  # [B] bool, rows that go on; the others are not drafted for


class Reply(NamedTuple):
    tokens: Any  # [B, K] int32
    q: Any  # [B, K, V] float32, what each token was drawn from; None when every row is greedy
    hit: np.ndarray  # [B] int32: the outcome was 1 in the cache, 0 not; -1 there was no cache
    rank: np.ndarray  # [B] int32, of the bonus among the draft's own tokens at that place, from 0; -1 there was no cache
    source: np.ndarray  # [B] int32, index into drafting.SOURCES: what drafted `tokens`
    times: tuple[float, float, float, float]  # begin and end of the last prespeculation, and of this answer [s, perf_counter]
    syncs: int  # how often the host waited for a device


class Drafter:
    """In this process, on one device.

    size: slots of the cache, enough for prompt, answer and K + 2 more tokens. branches: M. weight: Saguaro's C. ahead: False
    prepares nothing, which is plain speculative decoding.
    """

    def __init__(self, lm: LM, params: Any, batch: int, size: int, branches: int, weight: float = 1.0, ahead: bool = True,
                 device: jax.Device | None = None):
        self.lm, self.batch, self.size, self.branches, self.weight, self.ahead = lm, batch, size, branches, weight, ahead
        self.device = device or jax.devices()[-1]
        self.params = jax.device_put(lm.prepare(params, self.device), self.device)
        self.told: Order | None = None  # the order that `tables` and `top` were made for
        self.top: np.ndarray | None = None
        self.blanks: dict[tuple[int, bool], tuple[jax.Array, jax.Array | None]] = {}

    def start(self, tokens: np.ndarray, lengths: np.ndarray, ids: np.ndarray, sampling: Sampling) -> None:
        """Reads prompts [B, P], padded on the right, of `lengths` >= 1. Sampling holds the temperature of each row."""
        self.rows = Rows(sampling, ids)
        self.arrays = None if self.rows.greedy else tuple(jax.device_put(array, self.device) for array in self.rows.arrays)
        self.state = steps.prefill(self.params, padded(tokens, self.size), lengths, lm=self.lm, size=self.size)
        self.prepared, self.order, self.reply, self.times = None, None, None, (0.0, 0.0)

    def answer(self, outcome: Outcome, order: Order) -> Reply:
        """The speculation after an outcome: prepared, or drafted now."""
        begin = time.perf_counter()
        k, bonus, active = outcome
        drawn = self.top  # of what is prepared, even if from now on the fan-out is another
        if order is not self.told:
            self.told, self.tables, self.top = order, np.stack([np.stack(order.hit), np.stack(order.miss)]), steps.fans(order)
        top = self.top
        last = self.blank(order.lookahead) if self.reply is None else self.reply[:2]
        rest = {"lm": self.lm, "weight": self.weight, "limit": self.branches, "depth": order.lookahead}
        if self.prepared is None or self.order.lookahead != order.lookahead:
            kept, hit, rank, backup, syncs = self.blank(order.lookahead), *np.full((2, self.batch), -1, np.int32), "neural", 0
            source = np.full(self.batch, FIRST if self.ahead or self.reply is None else SOURCES.index("neural"), np.int32)
        else:
            self.state, kept, found = steps.lookup(
                self.state, last[0], self.prepared, *outcome, drawn, self.arrays, weight=self.weight, limit=self.branches)
            (hit, rank), backup, syncs = np.asarray(found), order.backup, 1
            self.times = (self.times[0], time.perf_counter())
            source = np.where(hit > 0, HIT, SOURCES.index(backup)).astype(np.int32)
            k = np.full_like(k, -1)  # the lookup has moved on already
        if (active & (hit < 1)).any():
            if backup == "neural":
                self.state, kept = steps.neural(
                    self.params, self.state, last[0], k, bonus, active, hit > 0, kept, top, self.arrays, **rest)
                jax.block_until_ready(kept)  # the target needs it now, and the records tell how long it took
            else:
                kept = steps.cheap(self.state, hit > 0, kept, self.arrays, kind=backup, vocab=self.lm.vocab)
        self.prepared, self.order, self.reply, self.poor = None, order, kept, source >= POOR
        return Reply(*kept, hit, rank, source, (*self.times, begin, time.perf_counter()), syncs)

    def prespeculate(self) -> None:
        """Dispatches the cache for the last reply. Nothing is waited for."""
        if not self.ahead:
            return
        self.times = (time.perf_counter(), 0.0)
        self.state, self.prepared = steps.prespeculate(
            self.params, self.state, self.reply[0], self.poor, self.tables, self.top, self.arrays,
            lm=self.lm, weight=self.weight, limit=self.branches)

    def laws(self) -> jax.Array | None:
        """What the tokens of every prepared branch were drawn from, [B, M, K, V]; None when every row is greedy."""
        if self.rows.greedy:
            return None
        return steps.laws(self.prepared, self.top, self.arrays, weight=self.weight, limit=self.branches)

    def blank(self, depth: int) -> tuple[jax.Array, jax.Array | None]:
        """A speculation that nothing is read of."""
        kind = depth, self.rows.greedy
        if kind not in self.blanks:
            tokens = np.zeros((self.batch, depth), np.int32)
            q = None if self.rows.greedy else np.zeros((self.batch, depth, self.lm.vocab), np.float32)
            self.blanks[kind] = jax.device_put((tokens, q), self.device)
        return self.blanks[kind]

    def compiles(self) -> int:
        return steps.compiles()
