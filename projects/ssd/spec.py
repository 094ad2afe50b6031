"""How to speculate: what a person may choose, and who decides each round."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from projects.ssd import fanout
from projects.ssd.drafting import BACKUPS, Order, Table, table
from projects.ssd.estimate import Controller
from shared.errors import BadInput

MODES = ("ar", "sd", "ssd")
FANOUTS = ("uniform", "geometric", "auto")
LADDER = (2, 4, 6)  # lookaheads that "auto" chooses from; each compiles programs of its own


@dataclass(frozen=True)
class Spec:
    mode: str = "ssd"  # ar | sd | ssd
    lookahead: int | str = 4  # K, or "auto"
    budget: int = 8  # M, outcomes prepared for
    fanout: str | tuple[int, ...] = "geometric"  # uniform | geometric | auto | F [K + 1]
    fanout_miss: tuple[int, ...] | None = None  # F after a fast backup; None: all that fits at k = 0, or as `fanout` if that is auto
    acceptance: float = 0.8  # a of Theorem 12
    exponent: float = 1.0  # r of Theorem 12
    saguaro: float = 1.0  # C of Definition 14
    backup: str = "neural"  # neural | random | ngram | auto

    @property
    def longest(self) -> int:
        """The largest K there will be."""
        return 0 if self.mode == "ar" else max(self.lookaheads)

    @property
    def lookaheads(self) -> tuple[int, ...]:
        """What K may be."""
        return LADDER if self.lookahead == "auto" else (int(self.lookahead),)

    def check(self, vocab: int) -> None:
        """Raises BadInput for what cannot be."""
        if self.mode not in MODES:
            raise BadInput(f"mode {self.mode!r}: choose {', '.join(MODES)}")
        if self.mode == "ar":
            return
        if self.lookahead != "auto" and not (isinstance(self.lookahead, int) and self.lookahead > 0):
            raise BadInput(f"lookahead {self.lookahead!r}: take auto or a whole number of at least 1")
        if self.budget < 1:
            raise BadInput(f"budget {self.budget}: prepare for at least 1 outcome, or choose mode sd")
        if self.backup not in (*BACKUPS, "auto"):
            raise BadInput(f"backup {self.backup!r}: choose {', '.join(BACKUPS)} or auto")
        if isinstance(self.fanout, str) and self.fanout not in FANOUTS:
            raise BadInput(f"fanout {self.fanout!r}: choose {', '.join(FANOUTS)}, or K + 1 whole numbers")
        if not (math.isfinite(self.saguaro) and 0 <= self.saguaro <= 1):
            raise BadInput(f"saguaro {self.saguaro}: take a weight from 0 to 1, where 1 is off")
        if self.mode != "ssd" or self.fanout == "auto":
            return
        if self.lookahead == "auto" and self.fanout != "geometric":
            raise BadInput("this fan-out is for one lookahead: give spec.lookahead a number, or let spec.fanout be geometric or auto")
        for lookahead in self.lookaheads:
            for source in ("hit", *(BACKUPS if self.backup == "auto" else (self.backup,))):
                self.fans(source, lookahead, vocab)

    def fans(self, source: str, lookahead: int, vocab: int) -> np.ndarray:
        """F [K + 1] after a speculation of this source, where it is not auto."""
        if source in ("ngram", "random"):
            if self.fanout_miss is not None:
                return fanout.explicit(self.fanout_miss, lookahead, self.budget, vocab)
            # hardly anything of a guess is accepted
            return fanout.optimum(fanout.outcomes(0.05, lookahead), self.budget, self.exponent, limit=fanout.tokens(vocab))
        if self.fanout == "uniform":
            fans = fanout.uniform(lookahead, self.budget)
            return fanout.explicit(fans, lookahead, self.budget, vocab)
        if self.fanout == "geometric":
            pi = fanout.outcomes(self.acceptance, lookahead)
            return fanout.optimum(pi, self.budget, self.exponent, limit=fanout.tokens(vocab))
        return fanout.explicit(self.fanout, lookahead, self.budget, vocab)


class Fixed:
    """A controller with nothing to decide."""

    learns = False

    def __init__(self, order: Order):
        self.only = order

    def order(self) -> Order:
        return self.only

    def start(self, seq: int, tokens: Sequence[int]) -> None:
        """A new sequence."""


def controller(spec: Spec, batch: int, vocab: int) -> Fixed | Controller:
    """Who decides each round."""
    auto = "auto" in (spec.lookahead, spec.backup, spec.fanout)
    if spec.mode == "sd":
        depth = spec.longest if spec.lookahead == "auto" else int(spec.lookahead)
        plain = Table(np.full(spec.budget, -1, np.int32), np.zeros(spec.budget, np.int32))
        if spec.saguaro < 1 and spec.fanout != "auto":  # the law drawn from is that of SSD
            plain = table(spec.fans("hit", depth, vocab), spec.budget, vocab)
        return Fixed(Order("neural", plain, plain, depth))
    if not auto:
        hit, miss = (table(spec.fans(source, spec.longest, vocab), spec.budget, vocab) for source in ("hit", spec.backup))
        return Fixed(Order(spec.backup, hit, miss, spec.longest))
    backups = BACKUPS if spec.backup == "auto" else (spec.backup,)
    given = None if spec.fanout == "auto" else lambda source, depth: spec.fans(source, depth, vocab)
    return Controller(spec.lookaheads, backups, spec.budget, batch, vocab, given)
