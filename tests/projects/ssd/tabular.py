"""A world small enough to simulate exactly: every row of the target's and the draft's table is the same law, shifted by the last token.

So a token's offset from the one before it is all that matters, offsets are independent, and every quantity of the theory has a closed
form beside its simulated value. Stands in for an engine: it makes the round records that an engine would make.
"""

from dataclasses import dataclass, field

import numpy as np

from projects.ssd import fanout, theory
from projects.ssd.drafting import SOURCES
from projects.ssd.theory import Times


def law(rng: np.random.Generator, vocab: int, sharpness: float) -> np.ndarray:
    logits = sharpness * rng.normal(size=vocab)
    return np.exp(logits) / np.exp(logits).sum()


def mixed(p: np.ndarray, noise: np.ndarray, share: float) -> np.ndarray:
    return (1 - share) * p + share * noise


@dataclass
class World:
    p: np.ndarray  # [V] target, likeliest first
    q: np.ndarray  # [V] draft
    rng: np.random.Generator
    clock: float = 0.0
    source: np.ndarray = field(default_factory=lambda: np.empty(0))
    drawn: dict = field(default_factory=dict)  # (source, K) -> verifications drawn ahead, for speed

    @classmethod
    def make(cls, seed: int = 0, vocab: int = 64, sharpness: float = 2.0, noise: float = 0.3) -> "World":
        rng = np.random.default_rng(seed)
        p = law(rng, vocab, sharpness)
        return cls(p, mixed(p, law(rng, vocab, sharpness), noise), rng)

    def proposals(self, source: str, size: tuple[int, ...], weight: float, fan: int) -> tuple[np.ndarray, np.ndarray]:
        """Drafted offsets, and the q of each [..., V] under which they are judged."""
        q = theory.saguaro(self.q, fan, weight) if source in ("hit", "neural", "first") else np.full_like(self.q, 1 / len(self.q))
        if source == "ngram":  # deterministic, right with a quarter of the likeliest law
            token = np.where(self.rng.random(size) < 0.5, self.p.argmax(), self.rng.integers(len(self.p), size=size))
            return token, np.eye(len(self.p))[token]
        return self.rng.choice(len(q), size=size, p=q), np.broadcast_to(q, (*size, len(q)))

    def verify(self, source: str, rows: int, lookahead: int, weight: float = 1.0, fan: int = 3) -> tuple[np.ndarray, np.ndarray]:
        """k [rows] and the rank [rows] of the bonus among the draft's candidates."""
        drafted, q = self.proposals(source, (rows, lookahead), weight, fan)
        taken = np.take_along_axis(q, drafted[..., None], -1)[..., 0]
        accept = self.rng.random((rows, lookahead)) * taken < self.p[drafted]
        k = np.where(accept.all(1), lookahead, accept.argmin(1))
        at = np.minimum(k, lookahead - 1)
        residual = np.maximum(self.p - q[np.arange(rows), at], 0)
        residual = np.where((k == lookahead)[:, None], self.p, residual)
        bonus = (residual.cumsum(1) < self.rng.random(rows)[:, None] * residual.sum(1, keepdims=True)).sum(1)
        place = np.argsort(np.argsort(-self.q, kind="stable"))
        excluded = drafted[np.arange(rows), at]
        return k, place[bonus] - ((k < lookahead) & (place[excluded] < place[bonus]))

    def take(self, source: str, rows: int, lookahead: int) -> tuple[np.ndarray, np.ndarray]:
        """The next `rows` verifications of a source."""
        left = self.drawn.get((source, lookahead))
        if left is None or len(left[0]) < rows:
            left = self.verify(source, max(20_000, rows), lookahead)
        self.drawn[source, lookahead] = tuple(one[rows:] for one in left)
        return left[0][:rows], left[1][:rows]

    def acceptance(self, source: str, weight: float = 1.0, fan: int = 3) -> float:
        """Of one drafted token, exactly."""
        if source == "ngram":
            return float(0.5 * self.p.max() + 0.5 * self.p.mean())
        q = theory.saguaro(self.q, fan, weight) if source != "random" else np.full_like(self.q, 1 / len(self.q))
        return float(theory.accepted_share(self.p, q))

    def curves(self, source: str, lookahead: int, most: int) -> np.ndarray:
        """P(rank < F | k) [K + 1, most + 1] for the neural source (exactly) or any other (from 40,000 draws)."""
        if source in ("hit", "neural"):
            rejected = [0.0] + [float(theory.residual_hit(self.p, self.q, fan)) for fan in range(1, most + 1)]
            top = self.p[np.argsort(-self.q, kind="stable")]
            return np.array([rejected] * lookahead + [[0.0, *top.cumsum()[:most]]])
        k, rank = self.verify(source, 40_000, lookahead)
        every = (rank[:, None] < np.arange(most + 1)).mean(0)  # the same for any rejected position: the proposal ignores the target
        return np.array([every] * (lookahead + 1))

    def best_fans(self, source: str, lookahead: int, budget: int) -> tuple[np.ndarray, float]:
        """The best fan-out for this source and its hit rate, exactly: every way to share the budget, by dynamic programming."""
        values = self.curves(source, lookahead, budget) * fanout.outcomes(self.acceptance(source), lookahead)[:, None]
        best: list[tuple[float, tuple[int, ...]]] = [(0.0, ())] * (budget + 1)
        for value in values:
            ways = range(budget + 1)
            best = [max((best[m - fan][0] + value[fan], (*best[m - fan][1], fan)) for fan in range(m + 1)) for m in ways]
        return np.array(best[budget][1]), float(best[budget][0])

    def hit_rate(self, source: str, fans: np.ndarray) -> float:
        """Of a given fan-out, exactly."""
        pi = fanout.outcomes(self.acceptance(source), len(fans) - 1)
        return float((pi * self.curves(source, len(fans) - 1, max(fans))[np.arange(len(fans)), fans]).sum())

    def start(self, batch: int) -> None:
        self.source, self.rank = np.full(batch, "first", "U8"), np.full(batch, -1)

    def round(self, number: int, fans: dict[str, np.ndarray], backup: str, times: Times, lookahead: int) -> dict[str, np.ndarray]:
        """One lockstep round of the batch, as records. `fans` by "hit" and "miss": the table for rows whose speculation was which."""
        batch, source, rank_now = len(self.source), self.source.copy(), self.rank
        k, rank = np.zeros(batch, int), np.zeros(batch, int)
        for kind in dict.fromkeys(source):
            mine = source == kind
            k[mine], rank[mine] = self.take(str(kind), int(mine.sum()), lookahead)
        after_hit = np.isin(source, ("first", "hit", "neural"))
        hit = rank < np.where(after_hit, np.asarray(fans["hit"])[k], np.asarray(fans["miss"])[k])
        codes = np.array([SOURCES.index(one) for one in source])
        begin, verified = self.clock, self.clock + times.verify
        drafted = begin + times.cache
        end = max(verified, drafted) + (0 if hit.all() else times.backup)
        self.clock, self.source, self.rank = end, np.where(hit, "hit", backup), rank
        columns = {
            "round": np.full(batch, number), "seq": np.arange(batch), "k": k, "bonus": np.zeros(batch, int),
            "hit": np.where(source == "first", -1, source == "hit").astype(int), "rank": rank_now, "source": codes,
            "emitted": k + 1, "truncated": np.zeros(batch, int), "K": np.full(batch, lookahead), "syncs": np.ones(batch, int),
        }  # fmt: skip
        moments = {"t_dispatch": begin, "t_verify": verified, "t_draft": drafted, "t_round": end}
        return columns | {name: np.full(batch, value) for name, value in moments.items()}


def together(rounds: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([one[name] for one in rounds]) for name in rounds[0]}
