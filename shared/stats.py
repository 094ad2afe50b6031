"""Intervals and law fits for tables of runs. No jax; scipy is imported where it is used.

A fit never raises on hopeless data: it comes back with `refused` set to the reason, and whoever draws it says so.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

REFITS = 200  # bootstrap draws of a law
FAITHFUL = 0.9  # the least R2 of a law whose asymptote may be quoted
EXPONENTS = (0.01, 8.0)  # outside, A / x^B + C is a logarithm or a step, and its asymptote means nothing


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95% interval; low and high are NaN when there is nothing to resample."""

    mean: float
    low: float
    high: float
    n: int


def mean_interval(values: Sequence[float]) -> Interval:
    """Student's t for a mean over seeds: a bootstrap of three values would cover 76%, not 95%. One value has no interval."""
    sample = np.asarray(values, float)
    mean = float(sample.mean()) if sample.size else math.nan
    if sample.size < 2:
        return Interval(mean, math.nan, math.nan, sample.size)
    from scipy.special import stdtrit

    half = float(stdtrit(sample.size - 1, 0.975) * sample.std(ddof=1) / math.sqrt(sample.size))
    return Interval(mean, mean - half, mean + half, sample.size)


def paired_interval(ours: Sequence[float], theirs: Sequence[float]) -> Interval:
    """The same for the mean difference, ours less theirs, over pairs that share a seed: what both owe to the seed drops out. Raises
    ValueError where they are not as many."""
    return mean_interval([one - other for one, other in zip(ours, theirs, strict=True)])


def wilson(successes: int, trials: int) -> Interval:
    """Wilson's score interval for a share: within [0, 1], and honest where all or none succeed. No trials, no interval."""
    if not trials:
        return Interval(math.nan, math.nan, math.nan, 0)
    z, share = 1.959964, successes / trials
    middle = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * math.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    # where all or none succeed the bound is the share, which rounding may miss
    return Interval(share, min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half)), trials)


@dataclass(frozen=True)
class Fit:
    """A fitted law. `refused` is empty, or one clause that says why the asymptote must not be quoted."""

    law: str
    parameters: dict[str, float]
    r2: float
    n: int
    refused: str = ""

    @property
    def asymptote(self) -> float:
        """The loss at infinity."""
        return self.parameters["C"]

    def __call__(self, x: np.ndarray | float) -> np.ndarray:
        """The law at x > 0."""
        return self.parameters["A"] / np.asarray(x, float) ** self.parameters["B"] + self.parameters["C"]

    def invert(self, y: float) -> float:
        """The x at which the law reaches y; infinity at or below the asymptote."""
        p = self.parameters
        return (p["A"] / (y - p["C"])) ** (1 / p["B"]) if y > p["C"] else math.inf


def power(x: Sequence[float], y: Sequence[float]) -> Fit:
    """A / x^B + C by unweighted least squares, A and C >= 0 (the paper's fit). Wants 4 points, one more than parameters.

    For a given B the rest is linear, so B is searched over its whole range, then polished: no starting point to get wrong.
    """
    x, y, wrong = _checked(x, y, 4)
    if x.size < 3 or not (np.isfinite(x).all() and np.isfinite(y).all()):
        return Fit("power", dict.fromkeys("ABC", math.nan), math.nan, x.size, wrong)
    from scipy.optimize import minimize_scalar

    grid = np.linspace(*np.log(EXPONENTS), 200)
    best = int(_linear(x, y, np.exp(grid))[2].argmin())
    near = grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)]
    found = minimize_scalar(lambda b: float(_linear(x, y, np.exp(b))[2]), bounds=near, method="bounded", options={"xatol": 1e-9})
    b = math.exp(found.x)
    a, c = map(float, _linear(x, y, b)[:2])
    inside = EXPONENTS[0] * 1.02 < b < EXPONENTS[1] * 0.98
    r2 = _r2(y, a / x**b + c)
    wrong = wrong or _at_bound(a, c) or ("" if inside else f"the exponent {b:.2g} sits at its bound") or _unfaithful(y, c, r2)
    return Fit("power", {"A": a, "B": b, "C": c}, r2, x.size, wrong)


def reciprocal(x: Sequence[float], y: Sequence[float]) -> Fit:
    """A / x + C by least squares, A and C >= 0: the law for 3 points, and for ensembles, whose exponent is close to 1."""
    x, y, wrong = _checked(x, y, 3)
    if x.size < 2 or not (np.isfinite(x).all() and np.isfinite(y).all()):
        return Fit("reciprocal", {"A": math.nan, "B": 1.0, "C": math.nan}, math.nan, x.size, wrong)
    a, c = map(float, _linear(x, y, 1.0)[:2])
    r2 = _r2(y, a / x + c)
    return Fit("reciprocal", {"A": a, "B": 1.0, "C": c}, r2, x.size, wrong or _at_bound(a, c) or _unfaithful(y, c, r2))


def chinchilla(n: Sequence[float], d: Sequence[float], y: Sequence[float]) -> Fit:
    """A / N^a + B / D^b + C, every parameter >= 0, from several starts; wants 6 points. Its `asymptote` is C."""
    n, d, y = (np.asarray(values, float) for values in (n, d, y))
    names = ("A", "a", "B", "b", "C")
    if y.size < 6:
        reason = f"{y.size} points for 5 parameters"
        return Fit("chinchilla", dict.fromkeys(names, math.nan), math.nan, y.size, reason)
    from scipy.optimize import least_squares, nnls

    def residual(p: np.ndarray) -> np.ndarray:
        return p[0] / n ** p[1] + p[2] / d ** p[3] + p[4] - y

    found = []
    for a in (0.3, 1.0, 2.0):
        for b in (0.3, 1.0, 2.0):
            (big_a, big_b, c), _ = nnls(np.stack([n**-a, d**-b, np.ones_like(y)], 1), y)
            start = np.array([big_a, a, big_b, b, c])
            found.append(least_squares(residual, start, bounds=(0, np.inf), x_scale=np.maximum(start, 1e-3), xtol=1e-12))
    best = min(found, key=lambda result: result.cost)
    parameters = dict(zip(names, map(float, best.x), strict=True))
    small = [name for name, value in parameters.items() if value < 1e-6]
    r2 = _r2(y, y + best.fun)
    reason = f"{', '.join(small)} at the bound 0" if small else _unfaithful(y, parameters["C"], r2)
    return Fit("chinchilla", parameters, r2, y.size, reason)


def refits(
    law: Callable[[Sequence[float], Sequence[float]], Fit],
    x: Sequence[float],
    y: Sequence[float],
    noise: Sequence[float] | None = None,
    seed: int = 0,
) -> tuple[Fit, ...]:
    """Bootstrap draws of a law.

    `noise` is the standard error of each y (over seeds), drawn normally. Without it the fit's own residuals give the noise, drawn
    from Student's t with the degrees of freedom that the parameters left over: with one spare point the draws are wide, and with
    none there are none.
    """
    fit = law(x, y)
    x, y = np.asarray(x, float), np.asarray(y, float)
    free = y.size - (3 if fit.law == "power" else 2)
    if math.isnan(fit.asymptote) or (noise is None and free < 1):
        return ()
    rng = np.random.default_rng(seed)
    if noise is None:
        sigma = np.sqrt(np.sum((y - fit(x)) ** 2) / rng.chisquare(free, (REFITS, 1)))
        draws = fit(x) + sigma * rng.normal(0, 1, (REFITS, y.size))
    else:
        draws = y + rng.normal(0, 1, (REFITS, y.size)) * np.asarray(noise, float)
    return tuple(law(x, draw) for draw in draws)


def drawn_interval(estimate: float, draws: Sequence[float], n: int) -> Interval:
    """The interval of an estimate from its bootstrap draws, of which some may be infinite; without draws it is NaN."""
    known = [draw for draw in draws if not math.isnan(draw)]
    low, high = np.percentile(known, (2.5, 97.5), method="inverted_cdf") if known else (math.nan, math.nan)
    return Interval(estimate, float(low), float(high), n)


def leave_one_out(law: Callable[[Sequence[float], Sequence[float]], Fit], x: Sequence[float], y: Sequence[float]) -> Interval:
    """The range of the asymptote over refits without one point each."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    refits = [law(np.delete(x, i), np.delete(y, i)).asymptote for i in range(y.size)]
    low, high = (min(refits), max(refits)) if refits and not np.isnan(refits).any() else (math.nan, math.nan)
    return Interval(law(x, y).asymptote, low, high, y.size)


def _checked(x: Sequence[float], y: Sequence[float], wanted: int) -> tuple[np.ndarray, np.ndarray, str]:
    x, y = np.asarray(x, float), np.asarray(y, float)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return x, y, "a value is not finite"
    distinct = len(set(x.tolist()))
    return x, y, "" if distinct >= wanted else f"{distinct} points, and {wanted} are wanted"


def _linear(x: np.ndarray, y: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For every exponent in b, the best A, C >= 0 of A / x^b + C, and the squared error."""
    basis = x ** -np.asarray(b, float)[..., None]  # [..., points]
    spread = basis - basis.mean(-1, keepdims=True)
    a = np.maximum(spread @ y / np.maximum((spread * spread).sum(-1), 1e-300), 0.0)
    c = y.mean() - a * basis.mean(-1)
    a = np.where(c < 0, np.maximum(basis @ y / (basis * basis).sum(-1), 0.0), a)
    c = np.maximum(c, 0.0)
    left = a[..., None] * basis + c[..., None] - y
    return a, c, (left * left).sum(-1)


def _at_bound(a: float, c: float) -> str:
    if c <= 0:
        return "the asymptote sits at its bound 0"
    return "the loss does not fall" if a <= 0 else ""


def _unfaithful(y: np.ndarray, c: float, r2: float) -> str:
    if c > y.min():
        return f"its asymptote {c:.3f} lies above the lowest loss {y.min():.3f}"
    return "" if r2 >= FAITHFUL else f"R2 {r2:.2f} is below {FAITHFUL}"


def _r2(y: np.ndarray, fitted: np.ndarray) -> float:
    total = float(np.sum((y - y.mean()) ** 2))
    return 1 - float(np.sum((y - fitted) ** 2)) / total if total else math.nan
