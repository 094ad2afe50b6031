"""The effects that a reproduction must show, by sign and order, as checks on tables of runs.

Never the paper's absolute losses: another corpus, tokenizer and size. `check` takes the tables of the figures by name (one that is
absent leaves its effects unmeasured) and returns one line per effect.
"""

import math

import pandas as pd

from projects.infinite_compute import laws, tables
from projects.infinite_compute.figures import ablations, distillation, ensembles, recipes, scaling
from shared.figures.effects import Effect, Tables, effect, judge

MARGIN = 0.05  # nats by which the best regularised model must beat the best standard one
TIMES_STANDARD = 8  # tuned decay over the standard 0.1
NOISE = 0.01  # nats: larger than the spread over seeds, smaller than any effect


def check(figures: Tables) -> list[Effect]:
    """Every effect that the given tables can speak about."""
    checks = {
        "fig2": (overfits_in_epochs, overfits_in_size),
        "fig15": (memorises,),
        "fig3": (decay_is_large, monotone_in_size, regularised_wins),
        "fig4": (falls_like_one_over_k, members_beat_size),
        "fig5": (ranking_flips,),
        "fig1": (recipes_are_ordered,),
        "fig7": (efficiency_is_ordered,),
        "fig9": (student_keeps_the_gain, self_distillation_helps),
        "table4": (synthetic_only_collapses,),
        "fig16": (either_seed_is_enough,),
        "fig14": (decay_wins_late,),
    }
    return judge(checks, figures)


def standard_cells(table: pd.DataFrame) -> list[tables.Cell]:
    main = tables.main_tokens(table)
    return [c for c in tables.cells(tables.scratch(table)) if tables.is_standard(c) and c.tokens == main]


def overfits_in_epochs(table: pd.DataFrame) -> Effect:
    name, expected = "standard: U in epochs", "the minimum lies between the fewest and the most epochs"
    curve = scaling.best_per_epochs([cell for cell in standard_cells(table) if cell.model == tables.headline(table)])
    if len(curve) < 3:
        return effect(name, expected)
    losses = [cell.loss.mean for cell in curve]
    low = losses.index(min(losses))
    text = ", ".join(f"{cell.epochs} ep {loss:.3f}" for cell, loss in zip(curve, losses, strict=True))
    return effect(name, expected, text, 0 < low < len(losses) - 1)


def overfits_in_size(table: pd.DataFrame) -> Effect:
    name, expected = "standard: larger models overfit sooner", "tuned epochs do not grow with N, and the largest model gains nothing"
    best = tables.best_by_model(standard_cells(table))
    if len(best) < 3:
        return effect(name, expected)
    text = ", ".join(f"{cell.model} {cell.loss.mean:.3f} at {cell.epochs} ep" for cell in best)
    fewer = all(small.epochs >= large.epochs for small, large in zip(best, best[1:], strict=False))
    return effect(name, expected, text, fewer and best[-1].loss.mean >= min(cell.loss.mean for cell in best[:-1]) - NOISE)


def memorises(table: pd.DataFrame) -> Effect:
    name, expected = "standard: training loss falls with epochs", "monotone"
    curve = scaling.best_per_epochs(standard_cells(table))
    losses = [cell.train_loss for cell in curve]
    if len(curve) < 2 or not all(map(math.isfinite, losses)):
        return effect(name, expected)
    text = ", ".join(f"{cell.epochs} ep {cell.train_loss:.3f}" for cell in curve)
    return effect(name, expected, text, falling(losses))


def falling(losses: list[float], slack: float = 0.0) -> bool:
    return all(later <= earlier + slack for earlier, later in zip(losses, losses[1:], strict=False))


def decay_is_large(table: pd.DataFrame) -> Effect:
    name, expected = "regularised: tuned decay", f"at least {TIMES_STANDARD} times 0.1 for the headline and larger models"
    best = [cell for cell in recipes.recipes(table, tables.main_tokens(table)).regularised]
    size = {cell.model: cell.params for cell in best}.get(tables.headline(table))
    if size is None:
        return effect(name, expected)
    text = ", ".join(f"{cell.model} {cell.decay:g}" for cell in best)
    large = [cell for cell in best if cell.params >= size]
    return effect(name, expected, text, all(cell.decay >= TIMES_STANDARD * tables.STANDARD_DECAY for cell in large))


def monotone_in_size(table: pd.DataFrame) -> Effect:
    name, expected = "regularised: loss falls with N", "monotone non-increasing"
    best = recipes.recipes(table, tables.main_tokens(table)).regularised
    if len(best) < 2:
        return effect(name, expected)
    text = ", ".join(f"{cell.model} {cell.loss.mean:.3f}" for cell in best)
    return effect(name, expected, text, falling([cell.loss.mean for cell in best]))


def regularised_wins(table: pd.DataFrame) -> Effect:
    name, expected = "regularised beats standard", f"best against best by at least {MARGIN} nats"
    found = recipes.recipes(table, tables.main_tokens(table))
    single = tables.best(found.regularised)
    if not found.best_standard or not single:
        return effect(name, expected)
    gap = found.best_standard.loss.mean - single.loss.mean
    return effect(name, expected, f"{found.best_standard.loss.mean:.3f} - {single.loss.mean:.3f} = {gap:.3f}", gap >= MARGIN)


def falls_like_one_over_k(table: pd.DataFrame) -> Effect:
    name, expected = "ensemble: loss falls with K", "monotone, exponent of K between 0.5 and 1.6"
    found = [one for one in ensembles.longest(tables.ensembles(table)) if len(one.sizes) >= 3]
    if not found:
        return effect(name, expected)
    fits = [laws.in_members(one, laws.common(found)).fit for one in found]
    text = "; ".join(
        f"{one}: {one.losses[0]:.3f} to {one.losses[-1]:.3f}, exponent {f.parameters['B']:.2f} ({f.law})"
        for one, f in zip(found, fits, strict=True)
    )
    good = all(falling(list(one.losses)) for one in found) and all(0.5 < f.parameters["B"] < 1.6 and not f.refused for f in fits)
    return effect(name, expected, text, good)


def members_beat_size(table: pd.DataFrame) -> Effect:
    name, expected = "ensemble: member hypers", "worse at K = 1 and better at the limit than single-model hypers"
    found = ensembles.longest(tables.ensembles(table))
    by_role = dict(ensembles.roles(found))
    limits = [laws.in_members(by_role[role], laws.common(found)).value for role in ("single", "member") if role in by_role]
    if len(limits) < 2 or not all(map(math.isfinite, limits)):
        return effect(name, expected)
    single, member = by_role["single"], by_role["member"]
    text = f"K = 1: {single.losses[0]:.3f} and {member.losses[0]:.3f}; limit: {limits[0]:.3f} and {limits[1]:.3f}"
    return effect(name, expected, text, member.losses[0] > single.losses[0] and limits[1] < limits[0])


def ranking_flips(table: pd.DataFrame) -> Effect:
    name, expected = "ensemble: best member is not the best single model", "more epochs or less decay at the limit than at K = 1"
    found = tables.ensembles(table)
    single, limit = ensembles.single_and_limit(found, laws.common(found))
    if not found or not any(map(math.isfinite, limit)):
        return effect(name, expected)
    one = found[single.index(min(single))]
    many = found[min((loss, i) for i, loss in enumerate(limit) if math.isfinite(loss))[1]]
    text = f"K = 1: {one.epochs} ep, wd {one.decay:g}; limit: {many.epochs} ep, wd {many.decay:g}"
    flips = (many.epochs, -many.decay) != (one.epochs, -one.decay) and many.epochs >= one.epochs and many.decay <= one.decay
    return effect(name, expected, text, flips)


def recipes_are_ordered(table: pd.DataFrame) -> Effect:
    """Estimates decide; the text marks those that their points do not determine."""
    name, expected = "the recipes are ordered", "standard > regularised limit > ensemble limit > joint limit"
    main = tables.main_tokens(table)
    found = recipes.recipes(table, main)
    headline = [one for one in recipes.full_ensembles(table) if one.model == tables.headline(table) and one.tokens == main]
    limits = [found.regularised_limit, *([found.in_members(recipes.lowest(headline, found.up_to))] if headline else []), found.joint_limit]
    if not found.best_standard or len(limits) < 3 or not all(math.isfinite(limit.value) for limit in limits):
        return effect(name, expected)
    losses = [found.best_standard.loss.mean, *(limit.value for limit in limits)]
    texts = [f"{limit.value:.3f}{'' if limit.determined else ' (not determined)'}" for limit in limits]
    return effect(name, expected, " > ".join((f"{losses[0]:.3f}", *texts)), falling(losses) and len(set(losses)) == 4)


def efficiency_is_ordered(table: pd.DataFrame) -> Effect:
    """Only limits that their points determine are compared; a D with a single one says that it beats the standard recipe."""
    name, expected = "data efficiency", "1 < regularised <= ensemble <= joint at every D, of the limits that are determined"
    scores = recipes.scores_by_tokens(table)
    law = recipes.law_in_tokens(scores["standard"])
    found: dict[int, dict[str, float]] = {}
    for tokens, standard in scores["standard"].items():
        solid = {recipe: here[tokens] for recipe, here in scores.items() if recipe != "standard" and tokens in here and here[tokens].solid}
        times = {recipe: laws.efficiency(law, one.loss.mean, standard.loss.mean).mean for recipe, one in solid.items()}
        found |= {tokens: times} if times else {}
    if law.fit.refused or not any(len(times) > 1 for times in found.values()):
        return effect(name, expected, law.note if law.fit.refused else "no D has two determined limits")
    text = "; ".join(f"D = {d:,}: {', '.join(f'{recipe} {x:.2f}x' for recipe, x in times.items())}" for d, times in found.items())
    chains = [[*times.values()] for times in found.values()]
    return effect(name, expected, text, all(chain[0] > 1 and chain == sorted(chain) for chain in chains))


def student_keeps_the_gain(table: pd.DataFrame) -> Effect:
    name, expected = "distillation", "the student beats the best single model and keeps 50 to 100% of the ensemble's gain"
    share = distillation.kept(table)
    if not math.isfinite(share):
        return effect(name, expected)
    return effect(name, expected, f"{distillation.best_student(table, 'distilled')[1]:.3f}, keeps {share:.0%}", 0.5 <= share <= 1.0)


def self_distillation_helps(table: pd.DataFrame) -> Effect:
    name, expected = "self-distillation", "the student beats its own teacher"
    found = distillation.outcomes(table)
    _, student = distillation.best_student(table, "self-distilled")
    teacher = found.get("self-distillation teacher")
    if teacher is None or not math.isfinite(student):
        return effect(name, expected)
    return effect(name, expected, f"{student:.3f} against {teacher[0].mean:.3f}", student < teacher[0].mean)


def synthetic_only_collapses(table: pd.DataFrame) -> Effect:
    name, expected = "synthetic text only", "worse than its teacher"
    found = distillation.outcomes(table)
    teacher = found.get("self-distillation teacher")
    only = found.get("self-distilled, no real text")
    if teacher is None or only is None:
        return effect(name, expected)
    return effect(name, expected, f"{only[0].mean:.3f} against {teacher[0].mean:.3f}", only[0].mean > teacher[0].mean)


def either_seed_is_enough(table: pd.DataFrame) -> Effect:
    name, expected = "seeds", "weights only and data order only each give more than half of the gain"
    gains = {one.vary: float(one.losses[0] - one.losses[-1]) for one in tables.ensembles(table)}
    if len(gains) < 3 or gains["both"] <= 0:
        return effect(name, expected)
    shares = [gains[vary] / gains["both"] for vary in ("init", "data")]
    return effect(name, expected, f"weights {shares[0]:.0%}, order {shares[1]:.0%}", min(shares) > 0.5)


def decay_wins_late(table: pd.DataFrame) -> Effect:
    name, expected = "strong decay wins late", "of two equally long runs behind in the first third, ahead at the end"
    found = {key.split(", ")[0]: wide.mean(axis=1) for key, wide in ablations.trajectories(table).items()}
    pairs = [(found[key], found.get(key.replace("regularised", "standard"))) for key in found if key.startswith("regularised")]
    gaps = [(strong - weak).dropna() for strong, weak in pairs if weak is not None]
    if not gaps:
        return effect(name, expected)
    text = ", ".join(f"{passed:g} ep {loss:+.3f}" for passed, loss in gaps[0].items())
    return effect(name, expected, text, gaps[0].iloc[: max(1, len(gaps[0]) // 3)].min() > 0 > gaps[0].iloc[-1])

