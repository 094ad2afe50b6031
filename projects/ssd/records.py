"""What happened in every round: append-only, one row per round and sequence. Every figure is made from these rows."""

import numpy as np

from projects.ssd import accounting

COLUMNS = {
    "round": np.int32,
    "seq": np.int32,  # index of the prompt
    "k": np.int32,  # accepted tokens
    "bonus": np.int32,
    "hit": np.int32,  # of the speculation verified: 1 from the cache, 0 the cache had missed, -1 there was no cache
    "rank": np.int32,  # of the bonus that this speculation follows, among the draft's own tokens there; -1 there was no cache
    "source": np.int32,  # of the speculation verified, index into drafting.SOURCES
    "emitted": np.int32,  # tokens given out
    "truncated": np.int32,  # tokens cut at the end of the text or at max_new: emitted + truncated = k + 1
    "K": np.int32,  # tokens verified
    "t_dispatch": float,  # s of perf_counter: the verification was handed over,
    "t_verify": float,  # its outcome was known,
    "t_draft": float,  # the draft was done with what it did for this round,
    "t_round": float,  # and the next round could start
    "p_begin": float,  # the draft began to prepare outcomes of this round, 0: it did not,
    "p_end": float,  # and ended; in one process that is only seen from the host, after the outcome
    "a_begin": float,  # the answer to the outcome was asked for, 0: all was over,
    "a_end": float,  # and there
    "syncs": np.int32,  # how often the host waited for a device
}


class Rounds:
    def __init__(self):
        self.kept: list[tuple[np.ndarray, dict[str, np.ndarray | float]]] = []

    def append(self, active: np.ndarray, **columns: np.ndarray | float) -> None:
        """One round: a row for every `active` [B] sequence; a number stands for a column of them. Only kept here, and made into rows when
        somebody asks: between two rounds a millisecond is a token."""
        self.kept.append((active, columns))

    def rows(self, number: int) -> dict[str, np.ndarray]:
        """The columns of one round; -1 is the last."""
        active, columns = self.kept[number]
        whole = {"round": number % len(self.kept), **columns}
        return {name: np.broadcast_to(np.asarray(whole[name], dtype), len(active))[active] for name, dtype in COLUMNS.items()}

    def columns(self) -> dict[str, np.ndarray]:
        every = [self.rows(number) for number in range(len(self.kept))]
        return {name: np.concatenate([np.empty(0, dtype), *(rows[name] for rows in every)]) for name, dtype in COLUMNS.items()}

    def summary(self) -> dict[str, float]:
        """tok_s_decode, tok_round, T_v_ms, and where there was a cache p_hit, E_hit, E_miss and what else accounting.numbers finds."""
        wave = [self.columns()]
        if not self.kept:
            return {}
        found = {
            "tok_s_decode": accounting.rate(wave), "tok_round": accounting.tokens_per_round(wave),
            "T_v_ms": accounting.verify_ms(wave), "T_round_ms": accounting.round_ms(wave),
        }  # fmt: skip
        return accounting.numbers(wave, int(wave[0]["K"].max())) | found
