"""The recipes as the figures of scaling judge them: best cells, limits, scores at every D, and the paper's own beside."""

import math
from dataclasses import dataclass

import pandas as pd

from projects.infinite_compute import laws, tables
from projects.infinite_compute.figures import style
from projects.infinite_compute.figures.style import HOLLOW
from projects.infinite_compute.laws import Limit
from projects.infinite_compute.published import known, value
from projects.infinite_compute.tables import Cell, Ensemble
from shared.stats import Fit, Interval

SIZES = ["150M", "300M", "600M", "1400M"]
BILLIONS = {"150M": 0.15, "300M": 0.3, "600M": 0.6, "1400M": 1.4}
PAPER_TOKENS = {"200M": 0.2097, "400M": 0.4194, "800M": 0.8389, "1600M": 1.6777}  # D in billions


@dataclass(frozen=True)
class Recipes:
    """Everything the scaling figures say about one D."""

    standard: list[Cell]  # best of every model at weight decay 0.1
    regularised: list[Cell]  # best of every model whose decay was searched
    ensembles: list[Ensemble]  # the one with the lowest limit, per model
    up_to: int  # K of every law in K
    regularised_limit: Limit
    joint_limit: Limit

    @property
    def best_standard(self) -> Cell | None:
        return tables.best(self.standard)

    def in_members(self, ensemble: Ensemble) -> Limit:
        return laws.in_members(ensemble, self.up_to)


def full_ensembles(table: pd.DataFrame) -> list[Ensemble]:
    """Those whose members differ in weights and order, and whose logits are averaged."""
    return [one for one in tables.ensembles(table) if one.vary == "both" and one.combine == "logits"]


def recipes(table: pd.DataFrame, tokens: int, models: set[str] | None = None, up_to: int = 0) -> Recipes:
    """Reads one D; `models` and `up_to` restrict it, so that several D are compared on the same models and the same K."""
    here = [cell for cell in tables.cells(tables.scratch(table)) if cell.tokens == tokens]
    kept = [one for one in full_ensembles(table) if one.tokens == tokens]
    if models is not None:
        here = [cell for cell in here if cell.model in models]
        kept = [one for one in kept if one.model in models]
    up_to = up_to or laws.common(kept)
    searched = {cell.model for cell in here if not tables.is_standard(cell)}
    regularised = tables.best_by_model([cell for cell in here if cell.model in searched])
    joint = [lowest([one for one in kept if one.model == model], up_to) for model in dict.fromkeys(one.model for one in kept)]
    standard = tables.best_by_model([cell for cell in here if tables.is_standard(cell)])
    return Recipes(standard, regularised, joint, up_to, laws.in_parameters(regularised), laws.joint(joint, up_to))


def lowest(found: list[Ensemble], up_to: int) -> Ensemble:
    """The ensemble with the lowest limit, or, without limits, the lowest last loss."""
    limits = [(laws.in_members(one, up_to).value, one.losses[-1]) for one in found]
    order = [(limit if math.isfinite(limit) else last, index) for index, (limit, last) in enumerate(limits)]
    return found[min(order)[1]]


def by_tokens(table: pd.DataFrame) -> dict[int, Recipes]:
    """Every D, each on the models and the K that all D have."""
    every = sorted(int(tokens) for tokens in set(table["data.tokens"]))
    models = set.intersection(*(set(table.loc[table["data.tokens"] == tokens, "model.name"]) for tokens in every)) if every else set()
    up_to = laws.common([one for one in full_ensembles(table) if one.model in models])
    return {tokens: recipes(table, tokens, models, up_to) for tokens in every}


@dataclass(frozen=True)
class Score:
    """What a recipe reaches at one D; `solid` ones enter its law in D."""

    loss: Interval
    note: str
    solid: bool


def score(limit: Limit, measured: list[float]) -> Score | None:
    """A limit that its points determine; else, not solid, the best measured loss."""
    if limit.determined:
        return Score(limit.interval, limit.note, True)
    why = limit.fit.refused or limit.doubt
    return Score(Interval(min(measured), math.nan, math.nan, 1), f"best measured loss; no limit: {why}", False) if measured else None


def scores_by_tokens(table: pd.DataFrame) -> dict[str, dict[int, Score]]:
    """Recipe -> D -> its score: measured for the standard recipe, the limit for the others."""
    main = tables.headline(table)
    scores: dict[str, dict[int, Score]] = {"standard": {}, "regularised": {}, "ensemble": {}, "joint": {}}
    for tokens, one in by_tokens(table).items():
        standard = one.best_standard
        found = {
            "standard": Score(standard.loss, str(standard), True) if standard else None,
            "regularised": score(one.regularised_limit, [cell.loss.mean for cell in one.regularised]),
            "ensemble": next((score(one.in_members(e), [float(e.losses[-1])]) for e in one.ensembles if e.model == main), None),
            "joint": score(one.joint_limit, [float(e.losses[-1]) for e in one.ensembles]),
        }
        for recipe, reached in found.items():
            if reached:
                scores[recipe][tokens] = reached
    return scores


def law_in_tokens(scores: dict[int, Score]) -> Limit:
    return laws.in_tokens({tokens: one.loss.mean for tokens, one in scores.items() if one.solid})


def paper_points(axis, prefix: str, name: str, marker: str = "o", suffix: str = "") -> list[float]:
    """The paper's numbers for its sizes, hollow, against N in billions."""
    found, losses = known(prefix, [size + suffix for size in SIZES])
    sizes = [BILLIONS[key.removesuffix(suffix)] for key in found]
    axis.plot(sizes, losses, **{**HOLLOW, "marker": marker}, label=name)
    return losses


def paper_law(scale: str, exponent: str, asymptote: str) -> Fit:
    """One of the paper's laws, from the keys of its constants."""
    return Fit("power", {"A": value(scale), "B": value(exponent), "C": value(asymptote)}, math.nan, 4)


def paper_sizes(axis) -> None:
    style.log_ticks(axis, list(BILLIONS.values()), ["150M", "300M", "600M", "1.4B"])
    axis.set_xlim(0.11, 2.2)
    style.label(axis, "parameters", "")
