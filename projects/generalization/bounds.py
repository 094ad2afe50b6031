"""Bounds on the expected risk of a model that was found by looking at n points, from its risk on them and the length of its code.

All hold with probability at least 1 - delta over the points, for every model at once. A model's prior probability is 2^-bits, for bits of
a prefix-free code that was fixed before the data were seen; whatever of the code, the prior or the bound was picked with the data is
picked among some number of choices, and its logarithm is charged. Section and value numbers of the sources: Catoni's bound over a grid as
in Zhou et al. (2019, theorem 4.1) and Lotfi et al. (2022); documents in Lotfi et al. (2312.17173), tokens in Lotfi et al. (2407.18158).
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from shared.errors import BadInput

GRID = 1e-4  # Catoni's lambda is one of 1.0001^j, whose price is 2 ln(j + 2)
EXACT = 1e-12


class Catoni(NamedTuple):
    """A value of Catoni's bound, and the lambda that gave it."""

    value: float
    strength: float


class Smoothed(NamedTuple):
    """A bound on bits per token, and the share of uniform predictions that gave it."""

    value: float
    alpha: float


def nats(bits: float, choices: int = 1) -> float:
    """ln 1/P of a model whose prefix-free code has `bits`, under a prior that was picked with the data among `choices`."""
    if bits < 0:
        raise BadInput(f"a code of {bits} bits: give the length of a prefix-free code, at least 0")
    if choices < 1:
        raise BadInput(f"a prior picked among {choices}: count every one that was tried, at least 1; their logarithm is charged")
    return bits * math.log(2) + math.log(choices)


def prefix_free(bits: float) -> float:
    """Length of a code that tells its own end, from one of `bits` that does not: 2 log2 of it more (eq. 3)."""
    return bits + 2 * math.log2(bits) if bits > 1 else bits + 1


def occam(risk: float, cost: float, count: int, delta: float, spread: float = 1.0) -> float:
    """By Hoeffding and a union over all models: risk + spread * sqrt((cost + ln 1/delta) / 2n). `cost`: nats, as from `nats`; `risk`: mean
    loss on `count` points, a loss within an interval of length `spread`."""
    check(cost, count, delta)
    return risk + spread * math.sqrt((cost - math.log(delta)) / (2 * count))


def mcallester(risk: float, cost: float, count: int, delta: float) -> float:
    """McAllester's bound: risk + sqrt((cost + ln n/delta) / (2n - 1))."""
    check(cost, count, delta, risk)
    return risk + math.sqrt((cost + math.log(count / delta)) / (2 * count - 1))


def catoni(risk: float, cost: float, count: int, delta: float) -> Catoni:
    """Catoni's bound at the best lambda of a geometric grid, whose choice is charged. At most 1.

    Coarse steps over ln lambda find the valley, thirds its floor.
    """
    check(cost, count, delta, risk)
    steps = [0.1 * step for step in range(int(10 * math.log(count)) + 100)]
    start = min(steps, key=lambda g: on_the_grid(g, risk, cost, count, delta))
    low, high = max(0.0, start - 0.1), start + 0.1
    while high - low > 1e-9:
        first, second = low + (high - low) / 3, high - (high - low) / 3
        if on_the_grid(first, risk, cost, count, delta) < on_the_grid(second, risk, cost, count, delta):
            high = second
        else:
            low = first
    return Catoni(min(1.0, on_the_grid(low, risk, cost, count, delta)), math.exp(low))


def on_the_grid(g: float, risk: float, cost: float, count: int, delta: float) -> float:
    """Catoni's bound for lambda = e^g, its place on the grid charged."""
    place = 2 * math.log(2 + g / math.log1p(GRID))
    q = risk + (1 + GRID) * math.exp(-g) * (cost - math.log(delta) + place)
    return fixed(math.exp(g), q, count)


def fixed(strength: float, q: float, count: int) -> float:
    """(1 - exp(-lambda q / n)) / (1 - exp(-lambda / n)): Catoni's bound of a lambda that was fixed before the data were seen."""
    return math.expm1(-strength * q / count) / math.expm1(-strength / count)


def kl_inverse(risk: float, cost: float, count: int, delta: float) -> float:
    """The largest R with kl(risk || R) <= (cost + ln(2 sqrt(n) / delta)) / n (Maurer), by bisection."""
    check(cost, count, delta, risk)
    limit = (cost + math.log(2 * math.sqrt(count) / delta)) / count
    low, high = risk, 1.0
    while high - low > EXACT:
        middle = (low + high) / 2
        if divergence(risk, middle) > limit:
            high = middle
        else:
            low = middle
    return high


def divergence(p: float, q: float) -> float:
    """kl(p || q) of two coins, in nats."""
    total = 0.0
    for a, b in ((p, q), (1 - p, 1 - q)):
        if a > 0:
            total += a * math.log(a / b) if b > 0 else math.inf
    return total


# -- language models ------------------------------------------------------------------------------------------------------------------
def smoothed(log2_p: float, alpha: float, vocab: int) -> float:
    """Bits of a token that the model gives probability 2^log2_p, when a share `alpha` of its predictions is uniform over `vocab`."""
    return -math.log2((1 - alpha) * 2.0**log2_p + alpha / vocab)


def smoothed_spread(alpha: float, vocab: int) -> float:
    """Length of the interval in which smoothed bits lie: log2(1 + (1 - alpha) V / alpha)."""
    if not 0 < alpha < 1:
        raise BadInput(f"a share of uniform predictions of {alpha}: take one above 0 and below 1, or the loss has no bound")
    if vocab < 2:
        raise BadInput(f"a vocabulary of {vocab}: take at least 2")
    return math.log2(1 + (1 - alpha) * vocab / alpha)


def sampled(risk: float, cost: float, count: int, drawn: int, delta: float, spread: float = 1.0) -> float:
    """Occam's bound from the mean loss on `drawn` of the `count` samples, drawn uniformly: delta is split between both errors by size.

    A sample is a document, independent of the others: then this bounds the expected risk on a new one. Or a token given those before
    it (Azuma's inequality): then it bounds the average, over the contexts seen, of the expected risk of the next token; it says nothing of
    new documents.
    """
    if not 1 <= drawn <= count:
        raise BadInput(f"{drawn} of {count} samples: draw at least 1 and at most all")
    check(cost, count, delta)
    if drawn == count:
        return occam(risk, cost, count, delta, spread)
    share = drawn / (drawn + count)
    of_models = math.sqrt((cost - math.log(share * delta)) / (2 * count))
    of_drawing = math.sqrt(-math.log((1 - share) * delta) / (2 * drawn))
    return risk + spread * (of_models + of_drawing)


def language(
    risk: Callable[[float], float], alphas: Sequence[float], vocab: int, cost: float, count: int, drawn: int, delta: float
) -> Smoothed:
    """The least bound on bits per token among the shares `alphas`, whose choice is charged. risk(alpha): mean smoothed bits of the drawn
    samples, a sample being a token or the mean over a document."""
    if not alphas:
        raise BadInput("no share of uniform predictions to choose from: give at least one")
    cost += math.log(len(alphas))
    found = [Smoothed(sampled(risk(a), cost, count, drawn, delta, smoothed_spread(a, vocab)), a) for a in alphas]
    return min(found)


def check(cost: float, count: int, delta: float, risk: float = 0.0) -> None:
    """Raises BadInput for what no bound can take."""
    if not 0 < delta < 1:
        raise BadInput(f"delta={delta}: the chance that a bound fails lies above 0 and below 1; take 0.05")
    if count < 1:
        raise BadInput(f"n={count}: a bound needs at least one point")
    if not (cost >= 0 and math.isfinite(cost)):
        raise BadInput(f"a code of {cost} nats: give a finite length of at least 0")
    if not 0 <= risk <= 1:
        raise BadInput(f"a share of errors of {risk}: it lies between 0 and 1")
