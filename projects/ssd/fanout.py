"""How many bonus tokens to guess for every acceptance length (section 4.1, Theorem 12).

A fan-out F [K + 1] says: F[k] candidates for the outcome "k tokens accepted". Its sum is the budget M, the number of branches that
one pre-speculation drafts. Outcome k is worth its probability pi[k]; F candidates catch a share 1 - c F^-r of it.
"""

import math
from collections.abc import Sequence

import numpy as np

from shared.errors import BadInput

EXPONENT = 1.0  # r before anything was measured: between the 0.9 and 1.9 seen at temperatures 1 and 0
MISS = 0.5  # c before anything was measured: the top candidate is the bonus every second time


def outcomes(acceptance: float, lookahead: int) -> np.ndarray:
    """pi [K + 1], the law of the number of accepted tokens when each is accepted with the same probability, independently."""
    pi = acceptance ** np.arange(lookahead + 1.0)
    pi[:-1] *= 1 - acceptance
    return pi


def geometric(acceptance: float, exponent: float, lookahead: int, budget: float) -> np.ndarray:
    """Theorem 12, real-valued: F proportional to pi^(1 / (1 + r)), so falling geometrically, with a peak at k = K. Sums to the budget."""
    weight = outcomes(acceptance, lookahead) ** (1 / (1 + exponent))
    return budget * weight / weight.sum()


def optimum(
    pi: Sequence[float], budget: int, exponent: float | Sequence[float] = EXPONENT, miss: float | Sequence[float] = MISS, limit: int = 2**30
) -> np.ndarray:
    """The whole numbers F [K + 1] with sum `budget` and the highest hit rate: slots go one by one to where the next one gains most.

    `exponent` r and `miss` c may differ by outcome. Exact because the gain of a slot falls with the slots before it; where c is so
    near 1 that the first slot would gain less than the second (the law is asymptotic) it counts as much as the second. No F exceeds
    `limit` (the tokens there are).
    """
    pi = np.asarray(pi, float)
    check_budget(budget, len(pi), limit)
    exponent, miss = (np.broadcast_to(one, pi.shape)[:, None] for one in (exponent, miss))
    slot = np.arange(1.0, min(budget, limit))
    first = np.maximum(1 - miss, miss * (1 - 2.0**-exponent))
    return best(pi, np.concatenate([first, miss * (slot**-exponent - (slot + 1) ** -exponent)], axis=1), budget)


def check_budget(budget: int, count: int, limit: int) -> None:
    if budget > limit * count:
        raise BadInput(f"a budget of {budget} exceeds {count} outcomes x {limit} tokens: lower spec.budget")


def best(pi: np.ndarray, gains: np.ndarray, budget: int) -> np.ndarray:
    """F [K + 1] from what every further slot gains, gains [K + 1, slots], non-increasing along the slots."""
    order = np.argsort(-pi[:, None] * gains, axis=None, kind="stable")[:budget]
    return np.bincount(order // gains.shape[1], minlength=len(pi))


def concave(gains: np.ndarray) -> np.ndarray:
    """The gains [slots] of the least concave curve above the one they add up to: what falls too late is averaged with what follows."""
    blocks: list[tuple[float, int]] = []
    for gain in gains.tolist():
        width = 1
        while blocks and blocks[-1][0] < gain:
            other, count = blocks.pop()
            gain, width = (gain * width + other * count) / (width + count), width + count
        blocks.append((gain, width))
    return np.repeat([gain for gain, _ in blocks], [width for _, width in blocks])


def uniform(lookahead: int, budget: int) -> np.ndarray:
    """The same F for every outcome. BadInput unless the budget divides."""
    fan, left = divmod(budget, lookahead + 1)
    if left or not fan:
        near = max(1, round(budget / (lookahead + 1))) * (lookahead + 1)
        raise BadInput(f"a uniform fan-out over {lookahead + 1} outcomes cannot use a budget of {budget}: say spec.budget={near}")
    return np.full(lookahead + 1, fan)


def explicit(fans: Sequence[int], lookahead: int, budget: int, vocab: int) -> np.ndarray:
    """A list given by hand. BadInput unless it has K + 1 entries from 0 to the tokens there are, with sum M."""
    found = np.asarray(fans)
    if found.shape != (lookahead + 1,) or not np.issubdtype(found.dtype, np.integer):
        raise BadInput(f"spec.fanout={list(fans)}: give {lookahead + 1} whole numbers, one for every acceptance length 0..{lookahead}")
    if found.min() < 0 or found.sum() != budget:
        raise BadInput(f"spec.fanout={list(fans)} sums to {found.sum()}: give numbers from 0 with sum spec.budget={budget}")
    if found.max() > tokens(vocab):
        raise BadInput(f"spec.fanout={list(fans)}: {found.max()} candidates, but {tokens(vocab)} tokens besides the drafted one; lower it")
    return found


def tokens(vocab: int) -> int:
    """The most candidates an outcome can have: the drafted token is none of them."""
    return vocab - 1


def hit_rate(pi: Sequence[float], fans: Sequence[int], exponent: float | Sequence[float], miss: float | Sequence[float]) -> float:
    """sum_k pi_k (1 - c F_k^-r); an outcome without a slot is never hit."""
    fans = np.asarray(fans, float)
    caught = np.where(fans > 0, 1 - np.asarray(miss) * np.maximum(fans, 1) ** -np.asarray(exponent), 0.0)
    return math.fsum(np.asarray(pi) * np.clip(caught, 0, 1))
