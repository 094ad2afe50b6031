"""The orderings that a reproduction must show, as checks on tables of runs.

Never the paper's absolute numbers: other models, other machines. `check` takes the tables of the figures by name (one that is absent
leaves its effects unmeasured) and returns one line per effect.
"""

import math
from collections.abc import Sequence

import pandas as pd

from projects.ssd.figures import batches, hits, sweeps
from projects.ssd.figures.settings import Setting, finished, settings
from projects.ssd.figures.speed import over_domains, pairs
from shared.figures.effects import Effect, Tables, effect, judge
from shared.stats import Interval

NOISE = 0.02  # of a ratio of two medians of the same run
ROOM = 0.25  # by which a round may be slower than Theorem 7 says at batch 1: 8 to 18% on the published engine


def check(figures: Tables) -> list[Effect]:
    """Every effect that the given tables can speak about."""
    checks = {
        "tableA": (ssd_beats_sd_beats_ar,),
        "fig3": (exponent_falls_with_temperature,),
        "fig4": (hit_falls_with_temperature, geometric_hits_more, geometric_gains_more_when_hot),
        "fig5": (hit_rises_as_c_falls, acceptance_falls_with_c),
        "fig6": (hit_does_not_depend_on_batch, whole_batches_hit_less, backups_are_ordered),
        "ksweep": (same_tokens_in_less_time,),
        "fsweep": (hit_rises_with_fan_out,),
        "theorem7": (never_slower_than_sd, prediction_holds),
    }
    return judge(checks, figures)


def rising(found: Sequence[Interval]) -> bool:
    """Each at least the one before, within the two standard errors of a difference."""
    return all(other.mean >= one.mean - slack(one, other) for one, other in zip(found, found[1:], strict=False))


def slack(one: Interval, other: Interval) -> float:
    halves = [(each.high - each.low) / 2 for each in (one, other)]
    return math.hypot(*halves) if all(map(math.isfinite, halves)) else 0.0


def known(found: Sequence[Setting], column: str) -> tuple[list[Setting], list[Interval]]:
    """The settings in which a rate was measured, and the rates."""
    kept = [one for one in found if math.isfinite(one.rate(column).mean)]
    return kept, [one.rate(column) for one in kept]


def in_words(found: Sequence[Setting], rates: Sequence[Interval], field: str, symbol: str) -> str:
    return ", ".join(f"{symbol} = {one[field]:g} {rate.mean:.3f}" for one, rate in zip(found, rates, strict=True))


def ssd_beats_sd_beats_ar(table: pd.DataFrame) -> Effect:
    name, expected = "order of the three", "SSD > SD > AR in tokens per second on the strong pair, over all domains"
    ones = next((ones for (_, role), ones in pairs(table).items() if role != "weak"), [])
    ratios = [over_domains(ones, f"tok_s/{above}", 1.0, f"tok_s/{below}").mean for above, below in (("ssd", "sd"), ("sd", "ar"))]
    if not all(map(math.isfinite, ratios)):
        return effect(name, expected)
    return effect(name, expected, f"SSD over SD {ratios[0]:.2f}, SD over AR {ratios[1]:.2f}", min(ratios) > 1)


def exponent_falls_with_temperature(table: pd.DataFrame) -> Effect:
    name, expected = "power law of misses", "its exponent falls with temperature"
    laws = [(one, hits.law_of(one, "primary")) for one in hits.law_settings(table, "primary")]
    laws = [(one, law.exponent) for one, law in laws if math.isfinite(law.exponent)]
    if len(laws) < 2:
        return effect(name, expected)
    text = ", ".join(f"T = {one['sampling.temperature']:g} r = {exponent:.2f}" for one, exponent in laws)
    return effect(name, expected, text, laws[-1][1] < laws[0][1])


def hit_rises_with_fan_out(table: pd.DataFrame) -> Effect:
    name, expected = "hits and budget", "every larger budget hits oftener, whatever the shape"
    texts, verdicts = [], []
    for fanout in ("uniform", "geometric"):
        rows = finished(table)
        kept, rates = known(settings(rows[rows["spec.fanout"] == fanout], "spec.budget"), "p_hit")
        if len(kept) > 1:
            texts.append(f"{fanout}: {in_words(kept, rates, 'spec.budget', 'M')}")
            verdicts.append(rising(rates) and rates[-1].mean > rates[0].mean)
    return effect(name, expected, "; ".join(texts), all(verdicts)) if verdicts else effect(name, expected)


def by_fanout(table: pd.DataFrame, kind: str) -> dict[float, Interval]:
    """Temperature -> hit rate of a shape of fan-out."""
    rows = finished(table)
    kept, rates = known(settings(rows[rows["spec.fanout"] == kind], "sampling.temperature"), "p_hit")
    return {float(one["sampling.temperature"]): rate for one, rate in zip(kept, rates, strict=True)}


def hit_falls_with_temperature(table: pd.DataFrame) -> Effect:
    name, expected = "hits and temperature", "the hottest hits less than the coldest"
    found = by_fanout(table, "geometric")
    if len(found) < 2:
        return effect(name, expected)
    text = ", ".join(f"T = {temperature:g} {rate.mean:.3f}" for temperature, rate in found.items())
    return effect(name, expected, text, found[max(found)].mean < found[min(found)].mean)


def gaps(table: pd.DataFrame) -> dict[float, tuple[float, float]]:
    """Temperature -> hit rate of geometric over uniform, and the noise of the difference."""
    uniform, geometric = (by_fanout(table, kind) for kind in ("uniform", "geometric"))
    both = [temperature for temperature in uniform if temperature in geometric]
    return {t: (geometric[t].mean - uniform[t].mean, slack(geometric[t], uniform[t])) for t in both}


def geometric_hits_more(table: pd.DataFrame) -> Effect:
    name, expected = "geometric fan-out", "hits at least as often as a uniform one at every temperature"
    found = gaps(table)
    text = ", ".join(f"T = {temperature:g} {gap:+.3f} (+-{noise:.3f})" for temperature, (gap, noise) in found.items())
    holds = all(gap >= -noise for gap, noise in found.values())
    return effect(name, expected, text, holds) if found else effect(name, expected)


def geometric_gains_more_when_hot(table: pd.DataFrame) -> Effect:
    name, expected = "geometric fan-out, hot", "gains more at T >= 0.7 than below"
    found = gaps(table)
    hot, cold = ([gap for t, (gap, _) in found.items() if (t >= 0.7) == is_hot] for is_hot in (True, False))
    if not hot or not cold:
        return effect(name, expected)
    means = sum(hot) / len(hot), sum(cold) / len(cold)
    return effect(name, expected, f"{means[0]:+.3f} against {means[1]:+.3f}", means[0] > means[1])


def hit_rises_as_c_falls(table: pd.DataFrame) -> Effect:
    name, expected = "Saguaro, hits", "the hit rate rises as C falls"
    kept, rates = known(settings(finished(table), "spec.saguaro"), "p_hit")
    if len(kept) < 2:
        return effect(name, expected)
    holds = rising(rates[::-1]) and rates[0].mean > rates[-1].mean
    return effect(name, expected, in_words(kept, rates, "spec.saguaro", "C"), holds)


def acceptance_falls_with_c(table: pd.DataFrame) -> Effect:
    name, expected = "Saguaro, acceptance", "the acceptance falls as C falls"
    kept, rates = known(settings(finished(table), "spec.saguaro"), "a_p")
    if len(kept) < 2:
        return effect(name, expected)
    holds = rising(rates) and rates[0].mean < rates[-1].mean
    return effect(name, expected, in_words(kept, rates, "spec.saguaro", "C"), holds)


def hit_does_not_depend_on_batch(table: pd.DataFrame) -> Effect:
    name, expected = "hits of a row", "do not depend on the batch (neural backup)"
    kept, rates = known(batches.by_backup(table).get("neural", []), "p_hit")
    if len(kept) < 2:
        return effect(name, expected)
    near = all(abs(rate.mean - rates[0].mean) <= 1.5 * slack(rate, rates[0]) for rate in rates[1:])
    return effect(name, expected, in_words(kept, rates, "bench.batch", "b"), near)


def whole_batches_hit_less(table: pd.DataFrame) -> Effect:
    name, expected = "hits of a batch", "rounds in which every row hits get rarer with the batch, and sequences slower (neural backup)"
    found = batches.by_backup(table).get("neural", [])
    lines = [(one, one.number("p_hit_batch"), batches.per_row(one)[0].mean) for one in found]
    lines = [line for line in lines if math.isfinite(line[1]) and math.isfinite(line[2])]
    if len(lines) < 2:
        return effect(name, expected)
    text = ", ".join(f"b = {one['bench.batch']} {share:.2f} {speed:.3g} tok/s" for one, share, speed in lines)
    holds = all(other[1] <= one[1] and other[2] < one[2] for one, other in zip(lines, lines[1:], strict=False))
    return effect(name, expected, text, holds)


def backups_are_ordered(table: pd.DataFrame) -> Effect:
    name, expected = "tokens after a miss", "neural > n-gram > random, and random close to 1"
    found = batches.by_backup(table)
    if any(kind not in found for kind in ("neural", "ngram", "random")):
        return effect(name, expected)
    tokens = [pd.Series([one.rate("E_miss").mean for one in found[kind]]).mean() for kind in ("neural", "ngram", "random")]
    if not all(map(math.isfinite, tokens)):
        return effect(name, expected)
    text = f"neural {tokens[0]:.2f}, n-gram {tokens[1]:.2f}, random {tokens[2]:.2f}"
    return effect(name, expected, text, tokens[0] > tokens[1] > tokens[2] and tokens[2] < 1.2)


def same_tokens_in_less_time(table: pd.DataFrame) -> Effect:
    """Settings whose SD used the same K: same draft, same law of the speculation, so the same tokens per round."""
    name, expected = "the overlap", "at equal K as many tokens per round as SD, in less time"
    lines = []
    for one in settings(finished(table), "spec.lookahead"):
        tokens, sd, ratio = one.rate("tok_round"), one.number("tok_round/sd"), one.ratio("tok_s/ssd", "tok_s/sd").mean
        if int(one["spec.sd_lookahead"]) in (0, int(one["spec.lookahead"])) and all(map(math.isfinite, (tokens.mean, sd, ratio))):
            lines.append((one, tokens, sd, ratio))
    if not lines:
        return effect(name, expected)
    text = ", ".join(f"K = {one['spec.lookahead']} {tokens.mean / sd:.2f}x tokens, {ratio:.2f}x speed" for one, tokens, sd, ratio in lines)
    same = all(abs(tokens.mean - sd) <= max(0.05 * sd, 1.5 * slack(tokens, tokens)) for _, tokens, sd, _ in lines)
    return effect(name, expected, text, same and all(ratio > 1 for *_, ratio in lines))


def never_slower_than_sd(table: pd.DataFrame) -> Effect:
    name, expected = "Corollary 8", "with the neural backup SSD is at least as fast as SD wherever T_p <= T_v"
    lines = []
    for one in settings(finished(table), *sweeps.FIELDS):
        times, ratio = one.times(), one.ratio("tok_s/ssd", "tok_s/sd").mean
        if one["spec.backup"] == "neural" and math.isfinite(ratio) and times.cache <= times.verify:
            lines.append(ratio)
    if not lines:
        return effect(name, expected)
    return effect(name, expected, f"{min(lines):.2f} to {max(lines):.2f} in {len(lines)} settings", min(lines) >= 1 - NOISE)


def prediction_holds(table: pd.DataFrame) -> Effect:
    name, expected = "Theorem 7", f"measured within {ROOM:.0%} of predicted at batch 1"
    ratios = [ours.mean / predicted for one, ours, predicted, _ in sweeps.points(table) if one["bench.batch"] == 1]
    if not ratios:
        return effect(name, expected)
    text = f"{min(ratios):.2f} to {max(ratios):.2f} of predicted in {len(ratios)} settings"
    return effect(name, expected, text, max(abs(ratio - 1) for ratio in ratios) <= ROOM)
