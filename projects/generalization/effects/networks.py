"""What trained networks must show: altered labels, double descent over the width, effective dimension, connected modes, flat minima."""

import itertools
import math
from collections.abc import Mapping, Sequence

import pandas as pd
from scipy.stats import spearmanr

from projects.generalization.figures.basins import DIGIT, KINDS, of_kind, orders
from projects.generalization.figures.connected import CURVES
from projects.generalization.figures.evidence import CURVATURES
from projects.generalization.figures.heat import DEPTH, DIMENSION, LOW
from projects.generalization.figures.reading import distinct, finished, mean, over_seeds, where
from projects.generalization.figures.width import ALPHAS, FITTED, WIDTH, bump, over_widths, transition
from shared.figures.effects import Effect, effect
from shared.figures.reading import values
from shared.stats import Interval, paired_interval

NETWORKS = 4  # that fit their labels: fewer have no order
TIMES, BESIDES = 1.5, 0.05  # a curve is low where its loss is at most so many times that of the ends, and so many nats more
BARRIER = 3.0  # times the ends' loss


def monotone(name: str, expected: str, found: Mapping[str, Sequence[float]], sign: int) -> Effect:
    """Every curve rises (sign 1) or falls (-1) at every step."""
    if not found or min(len(one) for one in found.values()) < 2:
        return effect(name, expected)
    text = "; ".join(f"{label}: {one[0]:.2f} to {one[-1]:.2f}" for label, one in found.items())
    steps = [b - a for one in found.values() for a, b in zip(one, one[1:], strict=False)]
    return effect(name, expected, text, all(sign * step > 0 for step in steps))


# -- Figure 1 (e) ---------------------------------------------------------------------------------------------------------
def over_shares(table: pd.DataFrame, column: str) -> list[float]:
    return [one.mean for one in over_seeds(finished(table), "train.altered", column)[1]]


def network_fits_any_labels(table: pd.DataFrame) -> Effect:
    name, expected = "a network on altered labels", f"training error below {FITTED:g} at every share"
    found = over_shares(table, "train/error")
    return effect(name, expected, f"at most {max(found):.2g}", max(found) < FITTED) if found else effect(name, expected)


def network_test_error_rises(table: pd.DataFrame) -> Effect:
    found = {"test error": over_shares(table, "test/error")}
    return monotone("test error of a network and altered labels", "rises with every share", found, 1)


def network_evidence_falls(table: pd.DataFrame) -> Effect:
    name, expected = "log marginal likelihood of a network and altered labels", "falls with every share, whichever curvature is taken"
    return monotone(name, expected, {words: over_shares(table, f"evidence/{kind}") for kind, words in CURVATURES.items()}, -1)


# -- Figure 1 (f) ---------------------------------------------------------------------------------------------------------
def double_descent(table: pd.DataFrame) -> Effect:
    name = "double descent over the width"
    expected = "an inner maximum of the test error, where training errors fall from the share of wrong labels to none, by more than chance"
    done = finished(table)
    if len(distinct(done, WIDTH)) < 3:
        return effect(name, expected)
    (low, high), (top, before, after) = transition(done), bump(over_widths(done, "test/error"))
    within = f"transition from {low:g} to {high:g}"
    if math.isnan(top):
        return effect(name, expected, f"no inner maximum; {within}", False)
    sides = {side: above(done, top, side) for side in (before, after)}
    text = ", ".join(f"{one.mean:.3f} [{one.low:.3f}, {one.high:.3f}] above width {side:g}" for side, one in sides.items())
    holds = low <= top <= high and all(one.low > 0 for one in sides.values())
    return effect(name, expected, f"at width {top:g}, {text}; {within}", holds)


def above(done: pd.DataFrame, top: float, side: float) -> Interval:
    """By how much more a width errs than another, over seeds."""
    one, other = (done[done[WIDTH] == width].set_index("seed")["test/error"] for width in (top, side))
    shared = one.index.intersection(other.index)
    return paired_interval(one[shared].tolist(), other[shared].tolist())


def dimension_falls_with_the_error(table: pd.DataFrame) -> Effect:
    """From the first width that fits all labels on."""
    name = "effective dimension beyond the transition"
    expected = "falls with the width, as the test loss does, at every alpha"
    done = finished(table)
    start = transition(done)[1] if len(done) else math.inf
    beyond = done[done[WIDTH] >= start] if len(done) else done
    columns = {"test loss": "test/nll", **{f"alpha {float(alpha):g}": f"determined/{alpha}/trace" for alpha in ALPHAS}}
    found = {label: [one.mean for one in over_widths(beyond, column).values()] for label, column in columns.items()}
    if min(len(one) for one in found.values()) < 2:
        return effect(name, expected)
    text = "; ".join(f"{label}: {one[0]:.3g} to {one[-1]:.3g}" for label, one in found.items())
    return effect(name, expected, f"from width {start:g} on, {text}", all(one[-1] < one[0] for one in found.values()))


# -- width and depth ------------------------------------------------------------------------------------------------------
def dimension_orders_networks(table: pd.DataFrame) -> Effect:
    name = "networks of any width and depth that fit their labels"
    expected = "test loss goes with the effective dimension, and not with the number of parameters (rank correlation)"
    done = finished(table)
    sides = itertools.product(distinct(done, WIDTH), distinct(done, DEPTH))
    ones = [where(done, **{WIDTH: width, DEPTH: depth}) for width, depth in sides]
    fitted = [one for one in ones if mean(one, "train/nll").mean < LOW]
    if len(fitted) < NETWORKS:
        return effect(name, expected)
    loss, dimension, size = ([mean(one, column).mean for one in fitted] for column in ("test/nll", DIMENSION, "parameters"))
    by_dimension, by_size = spearmanr(loss, dimension).statistic, spearmanr(loss, size).statistic
    text = f"{by_dimension:+.2f} with the effective dimension, {by_size:+.2f} with the parameters, of {len(fitted)} networks"
    return effect(name, expected, text, by_dimension > max(0.0, by_size))


# -- modes ----------------------------------------------------------------------------------------------------------------
def modes_are_connected(table: pd.DataFrame) -> Effect:
    name = "a curve between two networks"
    expected = f"training loss at most {TIMES:g} times that of its ends and {BESIDES:g} nats, on every curve"
    found = {words: slack(where(finished(table), modes__curve=curve)) for curve, words in CURVES.items()}
    known = {words: one for words, one in found.items() if one}
    text = "; ".join(f"{words}: at most {max(worst for worst, _ in one):.3f}, ends {max(end for _, end in one):.3f}" for words, one in
                     known.items())  # fmt: skip
    holds = all(worst <= TIMES * end + BESIDES for one in known.values() for worst, end in one)
    return effect(name, expected, text, holds) if known else effect(name, expected)


def slack(rows: pd.DataFrame) -> list[tuple[float, float]]:
    """The worst training loss of each run's curve, and that of the worse of its ends."""
    return list(zip(values(rows, "curve/train/nll"), values(rows, "ends/train/nll"), strict=True))


def the_line_has_a_barrier(table: pd.DataFrame) -> Effect:
    name = "the straight line between two networks"
    expected = f"a training loss of at least {BARRIER:g} times that of its ends and of the curves"
    done = finished(table)
    found = {place: values(done, f"{place}/train/nll") for place in ("line", "ends", "curve")}
    if not len(found["line"]):
        return effect(name, expected)
    low, others = found["line"].min(), max(found["ends"].max(), found["curve"].max())
    return effect(name, expected, f"at least {low:.3f} on the line, at most {others:.3f} elsewhere", low >= BARRIER * others)


# -- flat minima ----------------------------------------------------------------------------------------------------------
def both_fit_the_points(table: pd.DataFrame) -> Effect:
    name, expected = "two spirals, good and poisoned", f"training errors within {FITTED:.0%}; poisoned: more test errors than good, by seed"
    kinds = [of_kind(finished(table), kind).set_index("seed") for kind in KINDS]
    if "test/error" not in table or not set.intersection(*(set(rows.index) for rows in kinds)):
        return effect(name, expected)
    (good, poisoned), trained = (rows["test/error"] for rows in kinds), max(rows["train/error"].max() for rows in kinds)
    text = f"at most {trained:.1%}; {poisoned.mean():.1%} against {good.mean():.1%}"
    return effect(name, expected, text, trained <= FITTED and (poisoned - good).dropna().min() > 0)


def good_basins_are_larger(table: pd.DataFrame) -> Effect:
    name, expected = "volumes of basins", "good above poisoned for every seed, beyond the intervals over directions"
    good, poisoned = (of_kind(finished(table), kind).set_index("seed") for kind in KINDS)
    both = sorted({*good.index} & {*poisoned.index})
    if "volume/ln" not in table or not both:
        return effect(name, expected)
    apart = good["volume/ln/low"] - poisoned["volume/ln/high"]
    text = f"{orders(finished(table)).mean:,.0f} orders of magnitude; at least {apart[both].min() / DIGIT:,.0f} in each pair"
    return effect(name, expected, text, apart[both].min() > 0)
