"""What a reproduction must show, by sign and order, as checks on tables of runs.

`check` takes the tables of the figures by name (one that is absent leaves its effects out) and returns one line per effect; where
the runs that it needs are missing it is unknown.
"""

import math

import pandas as pd

from projects.generalization.effects import certified
from projects.generalization.effects.networks import (
    both_fit_the_points,
    dimension_falls_with_the_error,
    dimension_orders_networks,
    double_descent,
    good_basins_are_larger,
    modes_are_connected,
    monotone,
    network_evidence_falls,
    network_fits_any_labels,
    network_test_error_rises,
    the_line_has_a_barrier,
)
from projects.generalization.figures import curves, descent
from projects.generalization.figures.reading import distinct, finished, median, over_draws, over_seeds, where
from projects.generalization.figures.width import FITTED
from projects.generalization.published import value
from shared.figures.effects import Effect, Tables, effect, judge

BETWEEN = 0.1  # standard deviations: a curve that follows a function between its points
TIMES = 1.5  # by which the soft model may miss the better of the two hard ones
NEAR = 0.05  # of the number of examples: where a peak counts as being at it


def check(figures: Tables) -> list[Effect]:
    """Every effect that the given tables can speak about."""
    checks = {
        "polynomials": (one_model_does_all, growth_generalises),
        "orders": (soft_needs_no_choice, hard_choices_fail),
        "gp": (any_labels_are_fitted, test_error_rises, evidence_falls),
        "altered": (network_fits_any_labels, network_test_error_rises, network_evidence_falls),
        "widths": (double_descent, dimension_falls_with_the_error),
        "map": (dimension_orders_networks,),
        "modes": (modes_are_connected, the_line_has_a_barrier),
        "weak": (peak_is_at_n, second_descent_wins, few_informative_do_not, undetermined_peaks, determined_grows),
        "fourier": (random_features_peak_at_n, random_features_descend_twice, norm_peaks_there_too),
        "linear": (posterior_contracts,),
        "volume": (both_fit_the_points, good_basins_are_larger),
        **certified.CHECKS,
    }
    return judge(checks, figures)


# -- Figure 1 (a-c), orders -----------------------------------------------------------------------------------------------
def one_model_does_all(table: pd.DataFrame) -> Effect:
    name = "one polynomial of order 150"
    expected = f"passes through noise (within {curves.PASSED:g}) and follows both functions (within {BETWEEN:g})"
    done = finished(table)
    one = curves.chosen(done)
    if one is None or not math.isfinite(curves.worst(done, one)):
        return effect(name, expected)
    text = f"{curves.spelled(one)}: {curves.worst(done, one):.2g} between the points"
    return effect(name, expected, text, curves.worst(done, one) < BETWEEN)


def growth_generalises(table: pd.DataFrame) -> Effect:
    name, expected = "the penalty grows with the order", "monomials: less error between the points than a penalty that does not grow"
    done, found = finished(table), {}
    for growth in (1.0, 2.0):
        settings = [one for one in curves.settings(done) if one[:2] == ("monomial", growth)]
        most = max(settings, key=lambda one: (one[3], -one[2]), default=None)
        found[growth] = curves.worst(done, most) if most else math.inf
    if not all(map(math.isfinite, found.values())):
        return effect(name, expected)
    return effect(name, expected, f"{found[2.0]:.2g} against {found[1.0]:.2g}", found[2.0] < found[1.0])


def soft_needs_no_choice(table: pd.DataFrame) -> Effect:
    name = "order 15 with a soft penalty"
    expected = f"at every n its worst error over the targets is at most {TIMES:g} times that of order 2, and of order 15"
    worst = [worst_of(table, model) for model in curves.MODELS]
    shared = set.intersection(*(set(one) for one in worst))
    if not shared:
        return effect(name, expected)
    low, high, soft = worst
    ratios = [soft[n] / min(low[n], high[n]) for n in sorted(shared)]
    text = f"{min(ratios):.2f} to {max(ratios):.2f} times the better of the two, {len(ratios)} sizes"
    return effect(name, expected, text, max(ratios) <= TIMES)


def worst_of(table: pd.DataFrame, model: str) -> dict[int, float]:
    """Points -> the largest median error over the targets, where all were measured."""
    found = [curves.at(table, target, model) for target in curves.TITLES]
    return {n: max(one[n] for one in found) for n in set.intersection(*(set(one) for one in found))}


def hard_choices_fail(table: pd.DataFrame) -> Effect:
    name = "hard choices of the order"
    expected = "15 explodes at ten points (over 10), 2 stays behind at a hundred (over 0.3) where the target is no parabola"
    few = [errors.get(10, math.nan) for errors in (curves.at(table, target, "order 15") for target in curves.TITLES)]
    many = [errors.get(100, math.nan) for errors in (curves.at(table, target, "order 2") for target in ("cosine", "tenth"))]
    if not all(map(math.isfinite, few + many)):
        return effect(name, expected)
    return effect(name, expected, f"at least {min(few):.0f}; at least {min(many):.2f}", min(few) > 10 and min(many) > 0.3)


# -- Figure 1 (d) ---------------------------------------------------------------------------------------------------------
def means(table: pd.DataFrame, column: str) -> dict[str, list[float]]:
    """Length-scale -> means over seeds, by share of altered labels."""
    done = finished(table)
    lengths = {length: where(done, gp__lengthscale=length) for length in distinct(done, "gp.lengthscale")}
    return {f"length {length:.2g}": [one.mean for one in over_seeds(rows, "altered", column)[1]] for length, rows in lengths.items()}


def any_labels_are_fitted(table: pd.DataFrame) -> Effect:
    name, expected = "a Gaussian process on altered labels", f"training error below {FITTED:g} at every share"
    found = [error for errors in means(table, "train_error").values() for error in errors]
    return effect(name, expected, f"at most {max(found):.2g}", max(found) < FITTED) if found else effect(name, expected)


def test_error_rises(table: pd.DataFrame) -> Effect:
    return monotone("test error and altered labels", "rises with every share", means(table, "test_error"), 1)


def evidence_falls(table: pd.DataFrame) -> Effect:
    return monotone("log marginal likelihood and altered labels", "falls with every share", means(table, "evidence"), -1)


# -- Figure 1 (g) ---------------------------------------------------------------------------------------------------------
def informative(table: pd.DataFrame, every: bool) -> tuple[pd.DataFrame, int]:
    """The rows in which every feature is informative, or those with few, and the number of examples."""
    done = finished(table)
    counts = distinct(done, "features.informative")
    if len(counts) < 2:
        return done.iloc[:0], 0
    rows = where(done, features__informative=counts[-1 if every else 0])
    return rows, int(rows["features.train"].iloc[0])


def peak_is_at_n(table: pd.DataFrame) -> Effect:
    name, expected = "weak features: the peak", f"within {NEAR:.0%} of as many features as examples"
    rows, n = informative(table, True)
    if not n:
        return effect(name, expected)
    at = descent.peak(descent.of_draws(rows, "test_error"))
    return effect(name, expected, f"at {at:.0f}, n = {n}", abs(at - n) <= NEAR * n)


def descents(table: pd.DataFrame, every: bool) -> tuple[float, float]:
    """The least test error on either side of the transition as the authors draw it."""
    rows, n = informative(table, every)
    curve = descent.of_draws(rows, "test_error") if n else {}
    return descent.least(curve, 0, value("weak.transition_low")), descent.least(curve, value("weak.transition_high"), math.inf)


def second_descent_wins(table: pd.DataFrame) -> Effect:
    name, expected = "weak features: the second descent", "ends below the first minimum"
    first, second = descents(table, True)
    known = math.isfinite(first) and math.isfinite(second)
    return effect(name, expected, f"{second:.3f} against {first:.3f}", second < first) if known else effect(name, expected)


def few_informative_do_not(table: pd.DataFrame) -> Effect:
    name, expected = "few informative features", "the second descent stays above the first minimum"
    first, second = descents(table, False)
    known = math.isfinite(first) and math.isfinite(second)
    return effect(name, expected, f"{second:.3f} against {first:.3f}", second > first) if known else effect(name, expected)


def undetermined_peaks(table: pd.DataFrame) -> Effect:
    name, expected = "undetermined directions", f"peak with the test error, within {NEAR:.0%} of n"
    rows, n = informative(table, True)
    if not n:
        return effect(name, expected)
    at = descent.peak(descent.of_draws(rows, "undetermined"))
    return effect(name, expected, f"at {at:.0f}, n = {n}", abs(at - n) <= NEAR * n)


def determined_grows(table: pd.DataFrame) -> Effect:
    name, expected = "determined directions", "only grow with the number of features"
    rows, n = informative(table, True)
    if not n:
        return effect(name, expected)
    found = [one.mean for one in over_draws(rows, "features", "determined", descent.DRAWS)[1]]
    return effect(name, expected, f"{found[0]:.1f} to {found[-1]:.1f}", found == sorted(found))


# -- random Fourier features, Bayesian linear model -----------------------------------------------------------------------
def random_features(table: pd.DataFrame, column: str) -> tuple[descent.Curve, int]:
    done = finished(table)
    return (descent.of_seeds(done, column), int(done["data.train"].iloc[0])) if len(done) else ({}, 0)


def random_features_peak_at_n(table: pd.DataFrame) -> Effect:
    name, expected = "random features: the peak", f"within {NEAR:.0%} of as many features as pictures"
    curve, n = random_features(table, "test_error")
    at = descent.peak(curve)
    return effect(name, expected, f"at {at:.0f}, n = {n}", abs(at - n) <= NEAR * n) if n else effect(name, expected)


def random_features_descend_twice(table: pd.DataFrame) -> Effect:
    name, expected = "random features: the second descent", "test error at 10 n below that at n / 2"
    curve, n = random_features(table, "test_error")
    if not {n / 2, 10 * n} <= curve.keys():
        return effect(name, expected)
    few, many = curve[n / 2].mean, curve[10 * n].mean
    return effect(name, expected, f"{many:.3f} against {few:.3f}", many < few)


def norm_peaks_there_too(table: pd.DataFrame) -> Effect:
    name, expected = "random features: the norm of the weights", "peaks where the test error does"
    (errors, n), (norms, _) = (random_features(table, column) for column in ("test_error", "norm"))
    text = f"at {descent.peak(norms):.0f} and {descent.peak(errors):.0f}"
    return effect(name, expected, text, descent.peak(norms) == descent.peak(errors)) if n else effect(name, expected)


def posterior_contracts(table: pd.DataFrame) -> Effect:
    name, expected = "a Bayesian linear model", "the parameters' effective dimension falls with n, the function's rises"
    done = finished(table)
    found = {column: [median(done[done["points"] == n], column, "linear.draws").mean for n in distinct(done, "points")]
             for column in ("parameters", "function")}  # fmt: skip
    if min(map(len, found.values())) < 2:
        return effect(name, expected)
    text = "; ".join(f"{column} {values[0]:.0f} to {values[-1]:.0f}" for column, values in found.items())
    holds = found["parameters"] == sorted(found["parameters"], reverse=True) and found["function"] == sorted(found["function"])
    return effect(name, expected, text, holds)
