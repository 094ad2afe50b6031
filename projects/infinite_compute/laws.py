"""The paper's laws on our tables: which law for how many points, the limits N -> infinity and K -> infinity, data efficiency.

Units: N in millions of total parameters, D in thousands of tokens, K in members. An exponent and an asymptote do not depend on them.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from projects.infinite_compute.tables import Cell, Ensemble
from shared.stats import Fit, Interval, chinchilla, drawn_interval, leave_one_out, power, reciprocal, refits

Law = Callable[[Sequence[float], Sequence[float]], Fit]


@dataclass(frozen=True)
class Limit:
    """A fitted law with its bootstrap refits, and the range of its asymptote when one point is left out."""

    fit: Fit
    x: tuple[float, ...]
    y: tuple[float, ...]
    refits: tuple[Fit, ...]
    left_out: Interval
    basis: str  # what was fitted and what the interval knows, in words
    instead: str  # why this is not the power law; empty where it is, or where there are too few points for one

    @property
    def value(self) -> float:
        """The asymptote, or NaN when the fit was refused."""
        return math.nan if self.fit.refused else self.fit.asymptote

    @property
    def interval(self) -> Interval:
        return drawn_interval(self.fit.asymptote, [fit.asymptote for fit in self.refits], self.fit.n)

    @property
    def doubt(self) -> str:
        """Why the points do not determine the asymptote, though the law fits them; empty when they do."""
        if self.fit.refused:
            return ""
        for name, one in (("interval", self.interval), ("range with one left out", self.left_out)):
            if one.low <= 0:
                return f"{name} reaches 0: not determined by these points"
            if one.high - one.low > max(self.y) - min(self.y):
                return f"{name} wider than that of the data: not determined by these points"
        return ""

    @property
    def determined(self) -> bool:
        """Whether the asymptote may be used as a number."""
        return not self.fit.refused and not self.doubt

    @property
    def label(self) -> str:
        """The asymptote with its interval, for a legend."""
        one = self.interval
        between = f" [{one.low:.3f}, {one.high:.3f}]" if math.isfinite(one.low) else ", no interval"
        return f"{self.value:.3f}{between}" + (", not determined" if self.doubt else "")

    @property
    def note(self) -> str:
        """What a table should say about this limit."""
        p, out = self.fit.parameters, self.left_out
        if self.fit.refused:
            found = f"{'A/x + C' if self.fit.law == 'reciprocal' else 'power law'} refused: {self.fit.refused}"
        else:
            form = f"{p['A']:.3g}/x^{p['B']:.2f} + {p['C']:.3f}" if self.fit.law == "power" else f"{p['A']:.3g}/x + {p['C']:.3f}"
            without = f", one left out {out.low:.3f} to {out.high:.3f}" if math.isfinite(out.low) else ""
            found = f"{form}, R2 {self.fit.r2:.3f}{without}"
        return "; ".join(filter(None, (found, self.basis, self.instead, self.doubt)))


@cache
def fitted(
    law: Law, x: tuple[float, ...], y: tuple[float, ...], noise: tuple[float, ...] = (), basis: str = "", instead: str = ""
) -> Limit:
    """One law on points x, y; `noise` is the standard error of every y, empty when only the residuals tell."""
    return Limit(law(x, y), x, y, refits(law, x, y, noise or None), leave_one_out(law, x, y), basis, instead)


def limit(x: Sequence[float], y: Sequence[float], wanted: int = 4, noise: Sequence[float] = (), basis: str = "") -> Limit:
    """The power law from `wanted` points on; with fewer, and where it is refused, A / x + C, which 3 points support."""
    x, y, noise = tuple(x), tuple(y), tuple(noise)
    if len(set(x)) < wanted:
        return fitted(reciprocal, x, y, noise, basis)
    first = fitted(power, x, y, noise, basis)
    if not first.fit.refused:
        return first
    return fitted(reciprocal, x, y, noise, basis, f"A/x + C because the power law was refused: {first.fit.refused}")


def in_parameters(cells: list[Cell]) -> Limit:
    """N -> infinity over the best setting of every model; seed noise enters the interval where it was measured."""
    spreads = [cell.spread / math.sqrt(len(cell.losses)) for cell in cells]
    known = [spread for spread in spreads if math.isfinite(spread)]
    noise = [spread if math.isfinite(spread) else max(known) for spread in spreads] if known else []
    basis = f"{len(cells)} sizes, {'noise over seeds' if known else 'noise from the residuals'}"
    return limit([cell.params / 1e6 for cell in cells], [cell.loss.mean for cell in cells], noise=noise, basis=basis)


def in_members(ensemble: Ensemble, up_to: int) -> Limit:
    """K -> infinity over K = 1 .. up_to. Fewer than five sizes do not fix an exponent that is close to 1 anyway."""
    keep = ensemble.sizes <= up_to
    basis = f"K = 1 to {min(up_to, len(ensemble.sizes))}, interval from residuals alone: not from which members were drawn"
    return limit(ensemble.sizes[keep], ensemble.losses[keep], wanted=5, basis=basis)


def common(ensembles: list[Ensemble]) -> int:
    """The K up to which every limit of a figure is fitted, so that one law meets them all: the smallest number of members there is
    (of those that support a law at all)."""
    return min((len(one.sizes) for one in ensembles if len(one.sizes) >= 3), default=3)


def joint(ensembles: list[Ensemble], up_to: int) -> Limit:
    """N -> infinity over the K -> infinity limits that their points determine."""
    limits = [(one.params / 1e6, in_members(one, up_to)) for one in ensembles]
    kept = [(n, one.value) for n, one in limits if one.determined]
    basis = f"{len(kept)} limits over K = 1 to {up_to}, interval from residuals alone"
    return limit([n for n, _ in kept], [loss for _, loss in kept], basis=basis)


def in_tokens(losses: dict[int, float]) -> Limit:
    """A power law in D from D -> loss. Nothing stands in for it: its exponent is far from 1."""
    kept = {tokens: loss for tokens, loss in sorted(losses.items()) if math.isfinite(loss)}
    basis = f"D = {min(kept):,} to {max(kept):,}, interval from residuals" if kept else ""
    return fitted(power, tuple(tokens / 1e3 for tokens in kept), tuple(kept.values()), basis=basis)


def in_both(cells: list[Cell]) -> Fit:
    """A / N^a + B / D^b + C over settings of several N and D."""
    n, d = [cell.params / 1e6 for cell in cells], [cell.tokens / 1e3 for cell in cells]
    return chinchilla(n, d, [cell.loss.mean for cell in cells])


def times_the_data(law: Fit, loss: float, standard_loss: float) -> float:
    """How many times more data a law in D asks for one loss than for another.

    Both go through the law: the denominator is the law's D at the measured standard loss, not D itself. Infinite when the law
    never reaches the loss, NaN when it does not reach the other.
    """
    needed, had = law.invert(loss), law.invert(standard_loss)
    return needed / had if 0 < had < math.inf else math.nan


def efficiency(standard_law: Limit, loss: float, standard_loss: float) -> Interval:
    """How many times more data the standard recipe would need for `loss`, with the interval that the law's refits give; NaN when
    the law was refused."""
    if standard_law.fit.refused or not math.isfinite(loss):
        return Interval(math.nan, math.nan, math.nan, standard_law.fit.n)
    estimate, *draws = (times_the_data(fit, loss, standard_loss) for fit in (standard_law.fit, *standard_law.refits))
    return drawn_interval(estimate, draws, standard_law.fit.n)


def efficiency_note(standard_law: Limit, loss: float) -> str:
    """What a table should say beside a data efficiency."""
    if standard_law.fit.refused:
        return f"standard: {standard_law.note}"
    needed, last = standard_law.fit.invert(loss), max(standard_law.x)
    if math.isinf(needed):
        return "the standard law never reaches this loss"
    return f"extrapolated beyond D = {1e3 * last:,.0f}" if needed > last else ""


def retention(single: float, student: float, ensemble: float) -> float:
    """Share of the ensemble's gain over the best single model that a distilled student keeps."""
    return (single - student) / (single - ensemble) if single != ensemble else math.nan


def curve(fit: Fit, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """The law between two abscissae, for drawing."""
    x = np.geomspace(low, high, 100)
    return x, fit(x)
