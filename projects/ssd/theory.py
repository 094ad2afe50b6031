"""The speed of speculative speculative decoding as arithmetic (Theorems 7, 12, 15 and 17, Corollaries 8 and 9).

Times may have any unit as long as all have the same. p is the share of lookups that hit the cache, E the tokens that a round emits.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


def expected_tokens(acceptance: float, lookahead: int) -> float:
    """E_SD = (1 - a^(K+1)) / (1 - a): the tokens of a round when each drafted token is accepted with probability a, independently."""
    return math.fsum(acceptance**k for k in range(lookahead + 1))


def mean_tokens(pi: Sequence[float]) -> float:
    """The tokens of a round from the law of the accepted length, pi [K + 1]: sum_k pi_k (k + 1)."""
    return math.fsum(share * (k + 1) for k, share in enumerate(pi))


@dataclass(frozen=True)
class Times:
    """What the steps take. The paper's unit is a verification, and it takes `step` and `verify` to be equal."""

    step: float  # T_v(1): the target on one token
    verify: float  # T_v(K+1)
    cache: float = 0.0  # T_p: the draft's whole cache, beside the verification
    backup: float = 0.0  # T_b: what a miss adds
    draft: float = 0.0  # T_SD: K draft tokens after one another


def round_time(p: float, times: Times, batch: int = 1) -> float:
    """Mean time of a round: one in which all `batch` rows hit takes max(T_v, T_p), any other T_b more (Theorem 17).

    The draft finishes its cache before it answers, hit or miss; the paper's miss round, T_v + T_b, is the same for T_p <= T_v.
    """
    return max(times.verify, times.cache) + (1 - p**batch) * times.backup


def speedup(p: float, hit: float, miss: float, times: Times, batch: int = 1) -> float:
    """Theorem 7 (batch 1) and 17: speed over one-token decoding. `hit` and `miss` are the tokens E of a round after each."""
    return (p * hit + (1 - p) * miss) * times.step / round_time(p, times, batch)


def speedup_of_sd(tokens: float, times: Times) -> float:
    """Speed of drafting and verifying in turns over one-token decoding."""
    return tokens * times.step / (times.verify + times.draft)


def bounds_over_sd(p: float, hit: float, sd: float, draft: float) -> tuple[float, float]:
    """Corollary 9: the least and the most that the overlap can gain over SD. `draft` is T_SD in units of a verification."""
    most = (1 + draft) * hit / sd
    return most / (1 + (1 - p) * draft), most


def alternating(after_hit: float, after_miss: float) -> float:
    """The share of hits when it is `after_hit` following a hit and `after_miss` following a miss: h_b / (1 - h_p + h_b)."""
    return after_miss / (1 - after_hit + after_miss) if after_hit < 1 else 1.0


def crossover(p: float, hit: float, slow: float, fast: float, backup: float) -> float:
    """b*, the batch above which a fast poor backup beats the slow good one. `slow` and `fast` are E_miss, `backup` is T_b / T_v of the
    slow one, the fast one takes nothing. Infinity where the slow one always wins, 0 where it never does (for T_p <= T_v and equal p).
    """
    gain = (p * hit + (1 - p) * slow) / (p * hit + (1 - p) * fast) - 1
    if gain <= 0 or p <= 0:
        return math.inf if gain >= backup else 0.0
    return math.inf if gain >= backup or p >= 1 else math.log(1 - gain / backup) / math.log(p)


def break_even(target: int, draft: int) -> float:
    """The share of an SD step that drafting must take before m extra devices pay for themselves: m / (n + m)."""
    return draft / (target + draft)


def acceptance(accepted: Sequence[int], lookahead: int) -> float:
    """The maximum likelihood estimate of a: accepted tokens over examined ones. NaN without any round; not mean(k) / K, which is lower."""
    k = np.asarray(accepted)
    examined = k.sum() + (k < lookahead).sum()
    return float(k.sum() / examined) if examined else math.nan


@dataclass(frozen=True)
class PowerLaw:
    """1 - p_hit(F) = miss * F^-exponent (Definition 11, with a free constant); NaN where the points do not tell."""

    exponent: float  # r
    miss: float  # c
    n: int  # points of the fit

    def __call__(self, fan: Sequence[float] | float) -> np.ndarray:
        """p_hit(F)."""
        return 1 - np.minimum(self.miss * np.asarray(fan, float) ** -self.exponent, 1.0)


def power_law(fans: Sequence[float], rates: Sequence[float], rows: float) -> PowerLaw:
    """Least squares of log(1 - rate) on log(F), each point weighted by the rows that stand behind it (its variance is
    (1 - miss) / (miss rows)). Points without a miss or without a hit say nothing in logarithms and are left out.
    """
    fans, missed = np.asarray(fans, float), 1 - np.asarray(rates, float)
    kept = (missed > 0.5 / max(rows, 1)) & (missed < 1)
    x, y, missed = np.log(fans[kept]), np.log(missed[kept]), missed[kept]
    if len(x) < 2:
        return PowerLaw(math.nan, math.nan, len(x))
    weight = missed / (1 - missed)
    mean_x, mean_y = np.average(x, weights=weight), np.average(y, weights=weight)
    slope = np.sum(weight * (x - mean_x) * (y - mean_y)) / np.sum(weight * (x - mean_x) ** 2)
    return PowerLaw(float(-slope), float(np.exp(mean_y - slope * mean_x)), len(x))


def saguaro(q: np.ndarray, fan: int, weight: float) -> np.ndarray:
    """Definition 14: q [..., V] with its fan + 1 likeliest tokens weighted by C = `weight`, renormalised.

    One more than the fan-out, because the drafted token is usually among them and is not cached.
    """
    top = np.argsort(-q, axis=-1, kind="stable")[..., : fan + 1]
    scaled = q.copy()
    np.put_along_axis(scaled, top, weight * np.take_along_axis(q, top, -1), -1)
    total = scaled.sum(-1, keepdims=True)
    return np.where(total > 0, scaled / np.where(total > 0, total, 1), q)  # all the mass was on top: nothing left to sample from


def accepted_share(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """alpha = sum_t min(p, q), the probability that a token drawn from q is accepted."""
    return np.minimum(p, q).sum(-1)


def residual_hit(p: np.ndarray, q: np.ndarray, fan: int, weight: float = 1.0) -> np.ndarray:
    """Theorem 15's quantity: P(the bonus is cached | the token drafted from q_C was rejected), for p, q [..., V].

    Cached are the `fan` likeliest tokens of q without the drafted one, and the bonus follows the residual max(p - q_C, 0). A rejected token
    has q_C > p, hence no residual mass. NaN where nothing is ever rejected.
    """
    scaled = saguaro(q, fan, weight)
    left, over = np.maximum(p - scaled, 0), np.maximum(scaled - p, 0)  # residual mass; mass of "drafted and rejected"
    order = np.argsort(-q, axis=-1, kind="stable")
    left, over = np.take_along_axis(left, order, -1), np.take_along_axis(over, order, -1)
    inside = over[..., :fan].sum(-1) * left[..., : fan + 1].sum(-1)  # the drafted token was among the top: one more is cached
    outside = over[..., fan:].sum(-1) * left[..., :fan].sum(-1)
    rejected = over.sum(-1)
    return (inside + outside) / np.where(rejected > 0, rejected * rejected, math.nan)
