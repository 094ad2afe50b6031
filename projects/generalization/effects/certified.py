"""What certificates must show: bounds below guessing for what can be learnt, none for what cannot, and none that the test data break."""

import math

import pandas as pd

from projects.generalization.figures.reading import distinct, finished, where
from projects.generalization.figures.texts import UNITS
from projects.generalization.published import published
from shared.figures.effects import Effect, effect


def labels(table: pd.DataFrame, altered: float) -> pd.DataFrame:
    return where(finished(table), subspace__altered=altered)


def true_labels_are_certified(table: pd.DataFrame) -> Effect:
    name, done = "a classifier of true labels", labels(table, 0.0)
    data = distinct(done, "data.name")
    key = f"certificate.{data[0]}" if data else ""
    limit = published()[key]["value"] if key in published() else 0.9
    expected = f"its bound is below {limit:.1%}, " + ("the published one" if key in published() else "the error of guessing")
    if done.empty:
        return effect(name, "its bound is below the published one")
    return effect(name, expected, f"{done['bound/catoni'].min():.1%}", done["bound/catoni"].min() < limit)


def random_labels_are_not(table: pd.DataFrame) -> Effect:
    name, expected, done = "classifiers of random labels", "no bound is below the error of guessing", labels(table, 1.0)
    if done.empty:
        return effect(name, expected)
    least = done["bound/catoni"].min()
    return effect(name, expected, f"at least {least:.1%}", least >= done["bound/guessing"].max())


def no_classifier_breaks_its_bound(table: pd.DataFrame) -> Effect:
    name, expected, done = "certified classifiers", "the test error of each is at most its bound", finished(table)
    if done.empty:
        return effect(name, expected)
    excess = (done["test/error"] - done["bound/catoni"]).max()
    return effect(name, expected, f"at least {-excess:.1%} below, {len(done)} runs", excess <= 0)


def longer_codes_err_less(table: pd.DataFrame) -> Effect:
    name, expected = "codes of true labels", "the longest one has fewer training errors than the shortest"
    done = labels(table, 0.0)
    if len(done) < 2:
        return effect(name, expected)
    longest, shortest = (done.loc[done["bits/total"].idxmax()], done.loc[done["bits/total"].idxmin()])
    text = "; ".join(f"{one['bits/total']:,.0f} bits: {one['train/error']:.1%}" for one in (shortest, longest))
    return effect(name, expected, text, longest["train/error"] < shortest["train/error"])


# -- language models ------------------------------------------------------------------------------------------------------
def of_order(table: pd.DataFrame, shuffled: bool) -> pd.DataFrame:
    return where(finished(table), text__shuffled=shuffled)


def least(rows: pd.DataFrame, column: str) -> float:
    return rows[column].min() if len(rows) else math.nan


def text_is_certified(table: pd.DataFrame) -> Effect:
    name, expected, done = "language models", "bounds by documents and by tokens lie below the bits of guessing", of_order(table, False)
    if done.empty:
        return effect(name, expected)
    guessing, found = done["guessing/bits"].max(), [least(done, f"{unit}/bound") for unit in UNITS]
    text = f"{found[0]:.2f} by documents, {found[1]:.2f} by tokens, guessing {guessing:.2f}"
    return effect(name, expected, text, max(found) < guessing)


def order_matters(table: pd.DataFrame) -> Effect:
    name, expected = "text in random order", "its best bounds are worse, by documents and by tokens"
    groups = [of_order(table, shuffled) for shuffled in (False, True)]
    if not all(map(len, groups)):
        return effect(name, expected)
    found = {unit: [least(rows, f"{unit}/bound") for rows in groups] for unit in UNITS}
    text = "; ".join(f"by {unit} {true:.2f}, shuffled {shuffled:.2f}" for unit, (true, shuffled) in found.items())
    return effect(name, expected, text, all(true < shuffled for true, shuffled in found.values()))


def no_model_breaks_its_bound(table: pd.DataFrame) -> Effect:
    name, expected, done = "certified language models", "bits of test documents are at most the bound by documents", finished(table)
    if done.empty:
        return effect(name, expected)
    room = (done["documents/bound"] - done["test/bits"]).min()
    return effect(name, expected, f"at least {room:.2f} bits below, {len(done)} runs", room >= 0)


CHECKS = {
    "certificate": (true_labels_are_certified, random_labels_are_not, no_classifier_breaks_its_bound),
    "compression": (true_labels_are_certified, random_labels_are_not, no_classifier_breaks_its_bound, longer_codes_err_less),
    "language": (text_is_certified, order_matters, no_model_breaks_its_bound),
}
