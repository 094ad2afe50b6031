"""Acceptance, hit rates and times, estimated while the engine runs, and what they say is fastest (fan-out, backup, lookahead).

Everything is read from the rows of one round at a time: counts that forget with a half-life, and medians of the last times. Until enough
was seen, weak priors stand in.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from projects.ssd import fanout, theory
from projects.ssd.drafting import SOURCES, Order, table
from projects.ssd.theory import PowerLaw, Times

FAST = ("ngram", "random")  # backups that no draft model makes
HALF_LIFE = 400.0  # rows after which an observation counts half
PRIOR = 4.0  # rows that a prior is worth
LAW_ROWS = 12.0  # rows that the fitted power law is worth beside the ranks seen
FANS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)  # fan-outs at which the power law is fitted
RECENT = 33  # times kept
TRIAL = 6  # rounds on which a choice is tried before it is judged
EVERY = 16  # rounds between decisions: each takes some milliseconds
MARGIN = 0.03  # by which another choice must be faster: less is noise, and every change costs


class Hazards:
    """P(token i is accepted | those before it were), for one source of speculations."""

    def __init__(self, longest: int, prior: float) -> None:
        self.accepted, self.examined, self.prior = np.zeros(longest), np.zeros(longest), prior

    def add(self, k: int, lookahead: int) -> None:
        forget = 0.5 ** (1 / HALF_LIFE)
        self.accepted *= forget
        self.examined *= forget
        self.accepted[:k] += 1
        self.examined[: min(k + 1, lookahead)] += 1

    def acceptance(self) -> float:
        """a, over all positions."""
        return float((self.accepted.sum() + PRIOR * self.prior) / (self.examined.sum() + PRIOR))

    def shares(self, lookahead: int) -> np.ndarray:
        """pi [K + 1]; positions that were hardly seen take the acceptance over all."""
        each = (self.accepted + PRIOR * self.acceptance()) / (self.examined + PRIOR)
        reach = np.concatenate([[1.0], np.cumprod(each[:lookahead])])
        return reach - np.append(reach[1:], 0.0)


class Misses:
    """How often the bonus is among the F best candidates, for one kind of outcome: the ranks seen, and where few were seen a power law
    through them."""

    def __init__(self, most: int) -> None:
        self.ranks = np.zeros(most + 1)  # [r]: the bonus had rank r; last: beyond
        self.most, self.law = most, PowerLaw(fanout.EXPONENT, fanout.MISS, 0)
        self.fit()

    def add(self, rank: int) -> None:
        self.ranks *= 0.5 ** (1 / HALF_LIFE)
        self.ranks[min(rank, self.most)] += 1

    def fit(self) -> None:
        """The law again, with the law so far as its prior; the curve p_hit(F) for F = 0 .. most, and what each slot of it gains."""
        fans = np.array([fan for fan in FANS if fan <= self.most])
        found = theory.power_law(fans, self._blend()[fans], self.ranks.sum() + LAW_ROWS)
        if np.isfinite(found.exponent) and found.exponent > 0:
            self.law = found
        self.curve = self._blend()
        self.gains = fanout.concave(np.diff(self.curve))

    def _blend(self) -> np.ndarray:
        prior = np.concatenate([[0.0], self.law(np.arange(1, self.most + 1))])
        seen = np.concatenate([[0.0], self.ranks.cumsum()[:-1]])
        return (seen + LAW_ROWS * prior) / (self.ranks.sum() + LAW_ROWS)


class Estimates:
    """What the rounds so far say."""

    def __init__(self, longest: int, vocab: int, budget: int) -> None:
        self.most = min(budget, fanout.tokens(vocab))
        self.hazards = {"hit": Hazards(longest, 0.7), "neural": Hazards(longest, 0.7)}
        self.hazards |= {"ngram": Hazards(longest, 0.3), "random": Hazards(longest, 1 / vocab)}
        self.misses = {kind: Misses(self.most) for kind in ("rejected", "all", "fast")}
        self.times: dict[tuple[str, int], deque[float]] = defaultdict(lambda: deque(maxlen=RECENT))
        self.medians: dict[tuple[str, int], float] = {}  # of those times, until the next round
        self.seen: dict[str, int] = defaultdict(int)  # rounds in which some row's speculation came from there
        self.before: dict[int, tuple[str, int, int]] = {}  # sequence -> source, k and K of its last row
        self.tail = (np.nan, 0)  # the last round's time after verifying and drafting, and its K

    def observe(self, rows: Mapping[str, np.ndarray]) -> None:
        """The records of one round."""
        names = [SOURCES[source] for source in rows["source"]]
        sources = ["neural" if name == "first" else name for name in names]
        for seq, source, k, rank, lookahead in zip(rows["seq"], sources, rows["k"], rows["rank"], rows["K"], strict=True):
            self.hazards[source].add(int(k), int(lookahead))
            if rank >= 0 and int(seq) in self.before:
                earlier, length, longest = self.before[int(seq)]
                kind = "fast" if earlier in FAST else "all" if length == longest else "rejected"
                self.misses[kind].add(int(rank))
            self.before[int(seq)] = source, int(k), int(lookahead)
        for source in set(sources):
            self.seen[source] += 1
        self._clock(rows, sources)

    def _clock(self, rows: Mapping[str, np.ndarray], sources: Sequence[str]) -> None:
        begin, verified, drafted, end = (float(rows[f"t_{name}"][0]) for name in ("dispatch", "verify", "draft", "round"))
        lookahead = int(rows["K"][0])
        self.medians.clear()
        self.times["verify", lookahead].append(verified - begin)
        self.times["cache", lookahead].append(drafted - begin)
        tail, earlier = self.tail
        if earlier == lookahead and np.isfinite(tail) and (rows["hit"] >= 0).all():
            missed = {source for source, hit in zip(sources, rows["hit"], strict=True) if hit == 0}
            self.times[missed.pop() if missed else "hit", lookahead].append(tail)
        self.tail = end - max(verified, drafted), lookahead

    def time(self, what: str, lookahead: int) -> float:
        """Seconds of "verify", "cache", or of a round's end after a "hit" or a backup; between measured K on a straight line."""
        known = sorted((k, self._median(name, k)) for name, k in self.times if name == what)
        if not known:
            return np.nan
        lookaheads, seconds = np.array(known, float).T
        if len(known) == 1 or lookaheads[0] <= lookahead <= lookaheads[-1]:
            return float(np.interp(lookahead, lookaheads, seconds))
        ends = slice(0, 2) if lookahead < lookaheads[0] else slice(-2, None)
        slope, level = np.polyfit(lookaheads[ends], seconds[ends], 1)
        return max(0.0, float(slope * lookahead + level))

    def _median(self, what: str, lookahead: int) -> float:
        if (what, lookahead) not in self.medians:
            self.medians[what, lookahead] = float(np.median(self.times[what, lookahead]))
        return self.medians[what, lookahead]

    def backup_time(self, backup: str, lookahead: int) -> float:
        """T_b, seconds: what a miss adds. A fast backup that was never seen adds nothing."""
        missed, hit = self.time(backup, lookahead), self.time("hit", lookahead)
        if np.isnan(missed):
            return 0.0 if backup in FAST else np.nan
        return max(0.0, missed - (0.0 if np.isnan(hit) else hit))

    def kinds(self, source: str, lookahead: int) -> list[Misses]:
        """For every k, the law of the cache that is built from a speculation of this source."""
        names = ["fast"] * (lookahead + 1) if source in FAST else ["rejected"] * lookahead + ["all"]
        return [self.misses[name] for name in names]

    def fans(self, source: str, lookahead: int, budget: int) -> np.ndarray:
        """The best fan-out F [K + 1] of the cache built from a speculation of this source."""
        gains = np.array([kind.gains for kind in self.kinds(source, lookahead)])
        return fanout.best(self.hazards[source].shares(lookahead), gains, min(budget, gains.size))

    def hit_rate(self, source: str, fans: Sequence[int]) -> float:
        caught = [kind.curve[min(fan, self.most)] for kind, fan in zip(self.kinds(source, len(fans) - 1), fans, strict=True)]
        return float(self.hazards[source].shares(len(fans) - 1) @ caught)

    def speed(self, lookahead: int, backup: str, hit: Sequence[int], miss: Sequence[int], batch: int) -> float:
        """Tokens per second and row by Theorem 17; NaN while a time is unknown."""
        p = theory.alternating(self.hit_rate("hit", hit), self.hit_rate(backup, miss))
        tokens = [theory.mean_tokens(self.hazards[source].shares(lookahead)) for source in ("hit", backup)]
        wait = self.time("hit", lookahead)
        fixed = 0.0 if np.isnan(wait) else wait
        seconds = [self.time(what, lookahead) + fixed for what in ("verify", "cache")]
        return theory.speedup(p, *tokens, Times(1.0, *seconds, self.backup_time(backup, lookahead)), batch)


class Choice(NamedTuple):
    """What the next round shall do."""

    lookahead: int
    backup: str
    hit: np.ndarray  # F [K + 1] for rows whose speculation the draft model made
    miss: np.ndarray  # F [K + 1] for rows whose speculation a fast backup made


class Controller:
    """Chooses what is `auto` by the estimates, and leaves alone what is fixed.

    `lookaheads` and `backups` are what may be chosen (one entry: fixed); `fixed` gives the fan-out ("hit" or a fast backup, K) -> F
    where it is not auto. Every lookahead compiles programs of its own: keep the ladder short.
    """

    learns = True  # wants to observe the rounds

    def __init__(
        self,
        lookaheads: Sequence[int],
        backups: Sequence[str],
        budget: int,
        batch: int,
        vocab: int,
        fixed: Callable[[str, int], np.ndarray] | None = None,
    ) -> None:
        self.lookaheads, self.backups, self.budget, self.batch, self.vocab = tuple(lookaheads), tuple(backups), budget, batch, vocab
        self.fixed, self.replay = fixed, Replay(max(lookaheads))
        self.estimates, self.rounds = Estimates(max(lookaheads), vocab, budget), 0
        self.tried: dict[int, int] = defaultdict(int)  # K -> rounds with it
        self.choice = self._planned(max(lookaheads), self.backups[0])

    def order(self) -> Order:
        """What the next round shall do, as the drafter takes it."""
        hit, miss = (table(fans, self.budget, self.vocab) for fans in (self.choice.hit, self.choice.miss))
        return Order(self.choice.backup, hit, miss, self.choice.lookahead)

    def start(self, seq: int, tokens: Sequence[int]) -> None:
        """A new sequence with its prompt, so that n-grams can be judged without being used."""
        self.replay.start(seq, tokens)
        self.estimates.before.pop(seq, None)

    def observe(self, rows: Mapping[str, np.ndarray], emitted: Mapping[int, Sequence[int]] | None = None) -> None:
        """The rows of one finished round, and if known the tokens that each sequence emitted in it."""
        self.estimates.observe(rows)
        self.rounds += 1
        self.tried[int(rows["K"][0])] += 1
        if emitted and "ngram" in self.backups:
            for seq, tokens in emitted.items():
                for k, lookahead in self.replay.judge(seq, tokens):
                    self.estimates.hazards["ngram"].add(k, lookahead)
        trial = self._trial()
        if trial:
            if trial != (self.choice.lookahead, self.choice.backup):
                self.choice = self._planned(*trial)
        elif self.rounds % EVERY == 0:
            self._decide()

    def _trial(self) -> tuple[int, str] | None:
        """What must be tried before anything can be judged: the ends of the ladder, then every backup."""
        ends = dict.fromkeys((max(self.lookaheads), min(self.lookaheads)))
        lookahead = next((k for k in ends if len(ends) > 1 and self.tried[k] < TRIAL), None)
        if lookahead is not None:
            return lookahead, self.backups[0]
        rare = self.rounds > 20 * TRIAL  # hits leave nothing to try: do not wait for ever
        backup = next((one for one in self.backups if len(self.backups) > 1 and self.estimates.seen[one] < TRIAL and not rare), None)
        return (self.choice.lookahead, backup) if backup else None

    def _decide(self) -> None:
        for law in self.estimates.misses.values():
            law.fit()
        choices = [self._planned(lookahead, backup) for lookahead in self.lookaheads for backup in self.backups]
        speeds = [self.estimates.speed(*choice, self.batch) for choice in choices]
        kept = next(i for i, one in enumerate(choices) if one[:2] == self.choice[:2])
        best = int(np.nanargmax(speeds)) if np.isfinite(speeds).any() else kept
        wins = speeds[best] > (1 + MARGIN) * speeds[kept] or np.isnan(speeds[kept])
        self.choice = choices[best if wins else kept]

    def _planned(self, lookahead: int, backup: str) -> Choice:
        made = backup if backup in FAST else "hit"
        if self.fixed is not None:
            return Choice(lookahead, backup, self.fixed("hit", lookahead), self.fixed(made, lookahead))
        hit, miss = (self.estimates.fans(source, lookahead, self.budget) for source in ("hit", made))
        return Choice(lookahead, backup, hit, miss)


class Replay:
    """What prompt lookup would have proposed after every round, held against what was then emitted: its acceptance without using it.

    Exact in expectation at any temperature: a proposed token is accepted with its probability, and emitted with it too. The rule is the
    drafter's: copy what followed the last earlier place with the longest common suffix (of up to `order` tokens), over and over.
    """

    def __init__(self, lookahead: int, order: int = 3) -> None:
        self.lookahead, self.order = lookahead, order
        self.tokens: dict[int, list[int]] = {}
        self.places: dict[int, dict[tuple[int, ...], int]] = {}  # suffix -> the position after its last occurrence
        self.open: dict[int, list[tuple[int, list[int]]]] = {}  # sequence -> (position, proposal) of what is not yet judged

    def start(self, seq: int, tokens: Sequence[int]) -> None:
        self.tokens[seq], self.places[seq], self.open[seq] = [], {}, []
        self._append(seq, tokens)

    def judge(self, seq: int, emitted: Sequence[int]) -> list[tuple[int, int]]:
        """(accepted, K) of the proposals that the new tokens decide."""
        if not self.tokens.get(seq):
            self.start(seq, emitted)
            return []
        history = self.tokens[seq]
        self.open[seq].append((len(history), self._proposal(seq)))
        self._append(seq, emitted)
        decided, left = [], []
        for start, proposal in self.open[seq]:
            seen = history[start : start + self.lookahead]
            same = next((i for i, (one, other) in enumerate(zip(proposal, seen, strict=False)) if one != other), len(seen))
            if same < len(seen) or same == self.lookahead:
                decided.append((same, self.lookahead))
            else:
                left.append((start, proposal))
        self.open[seq] = left
        return decided

    def _proposal(self, seq: int) -> list[int]:
        history = self.tokens[seq]
        suffixes = (tuple(history[-count:]) for count in range(self.order, 0, -1))
        copy = next((self.places[seq][suffix] for suffix in suffixes if suffix in self.places[seq]), len(history) - 1)
        period = len(history) - copy
        return [history[copy + i % period] for i in range(self.lookahead)]

    def _append(self, seq: int, tokens: Sequence[int]) -> None:
        """The suffixes of the whole text are left out: they may not be their own match."""
        history = self.tokens[seq]
        for token in tokens:
            for count in range(1, min(self.order, len(history)) + 1):
                self.places[seq][tuple(history[-count:])] = len(history)
            history.append(int(token))
