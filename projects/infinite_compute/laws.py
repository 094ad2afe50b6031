"""The paper's laws on our tables: which law for how many points, the limits N -> infinity and K -> infinity, data efficiency.

Units: N in millions of total parameters, D in thousands of tokens, K in members. An exponent and an asymptote do not depend on them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from projects.infinite_compute.tables import Cell, Ensemble
from shared.stats import Fit, Interval, asymptote_interval, leave_one_out, power, reciprocal


@dataclass(frozen=True)
class Limit:
    """A fitted law with the interval of its asymptote and its leave-one-out range."""

    fit: Fit
    interval: Interval
    left_out: Interval

    @property
    def value(self) -> float:
        """The asymptote, or NaN when the fit was refused."""
        return math.nan if self.fit.refused else self.fit.asymptote

    @property
    def note(self) -> str:
        """What a table should say about this limit."""
        if self.fit.refused:
            return f"{self.fit.law} law refused: {self.fit.refused}"
        p = self.fit.parameters
        form = f"{p['A']:.3g}/x^{p['B']:.2f} + {p['C']:.3f}" if self.fit.law == "power" else f"{p['A']:.3g}/x + {p['C']:.3f}"
        out = f", one left out {self.left_out.low:.3f} to {self.left_out.high:.3f}" if math.isfinite(self.left_out.low) else ""
        return f"{form}, R2 {self.fit.r2:.3f}{out}"


def limit(x: Sequence[float], y: Sequence[float], wanted: int = 4, noise: Sequence[float] | None = None) -> Limit:
    """The power law from `wanted` points on, when it is accepted; else A / x + C, which 3 points support."""
    return _limit(tuple(x), tuple(y), wanted, noise and tuple(noise))


@cache
def _limit(x: tuple[float, ...], y: tuple[float, ...], wanted: int, noise: tuple[float, ...] | None) -> Limit:
    law = power if len(set(x)) >= wanted and not power(x, y).refused else reciprocal
    return Limit(law(x, y), asymptote_interval(law, x, y, noise), leave_one_out(law, x, y))


def in_parameters(cells: list[Cell]) -> Limit:
    """N -> infinity over the best setting of every model; seed noise enters the interval where it was measured."""
    spreads = [cell.spread / math.sqrt(len(cell.losses)) for cell in cells]
    known = [spread for spread in spreads if math.isfinite(spread)]
    noise = [spread if math.isfinite(spread) else max(known) for spread in spreads] if known else None
    return limit([cell.params / 1e6 for cell in cells], [cell.loss.mean for cell in cells], noise=noise)


def in_members(ensemble: Ensemble, up_to: int = 10**6) -> Limit:
    """K -> infinity. Fewer than five sizes do not fix an exponent that is close to 1 anyway."""
    keep = ensemble.sizes <= up_to
    return limit(ensemble.sizes[keep], ensemble.losses[keep], wanted=5)


def joint(ensembles: list[Ensemble]) -> Limit:
    """N -> infinity over the K -> infinity limits."""
    limits = [(one.params / 1e6, in_members(one).value) for one in ensembles]
    kept = [(n, loss) for n, loss in limits if math.isfinite(loss)]
    return limit([n for n, _ in kept], [loss for _, loss in kept])


def in_tokens(losses: dict[int, float]) -> Limit:
    """A law in D from D -> loss."""
    kept = {tokens: loss for tokens, loss in sorted(losses.items()) if math.isfinite(loss)}
    return limit([tokens / 1e3 for tokens in kept], list(kept.values()))


def efficiency(standard_law: Fit, loss: float, standard_loss: float) -> float:
    """How many times more data the standard recipe would need for `loss`.

    Both losses go through the law: the denominator is the law's D at the measured standard loss, not D itself. NaN when the law
    was refused or cannot reach the loss.
    """
    if standard_law.refused or not math.isfinite(loss):
        return math.nan
    needed, had = standard_law.invert(loss), standard_law.invert(standard_loss)
    return needed / had if math.isfinite(needed) and math.isfinite(had) else math.nan


def retention(single: float, student: float, ensemble: float) -> float:
    """Share of the ensemble's gain over the best single model that a distilled student keeps."""
    return (single - student) / (single - ensemble) if single != ensemble else math.nan


def curve(fit: Fit, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """The law between two abscissae, for drawing."""
    x = np.geomspace(low, high, 100)
    return x, fit(x)
