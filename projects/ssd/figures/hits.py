"""Figures 3 to 5: how often the outcome was guessed, by fan-out, temperature, shape of the fan-out and Saguaro's C."""

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from projects.ssd import theory
from projects.ssd.accounting import FANS
from projects.ssd.figures import style
from projects.ssd.figures.settings import Setting, finished, settings, sizes
from projects.ssd.figures.style import COLORS, HOLLOW, PAPER
from projects.ssd.published import known, row, value
from projects.ssd.theory import PowerLaw
from shared.figures.published import Row
from shared.stats import Interval

AFTER = {"primary": "after a speculation of the draft", "backup": "after a fast backup"}
TEMPERATURES = ["0", "0.3", "0.7", "1"]
WEIGHTS = ["1", "0.7", "0.5", "0.3", "0.1", "0.01"]


def heat(temperature: float, every: list[float]) -> str:
    """The colour of a temperature among those of the figure."""
    place = sorted(set(every)).index(temperature) / max(len(set(every)) - 1, 1)
    return style.WARM[round(place * (len(style.WARM) - 1))]


def law_of(one: Setting, kind: str) -> PowerLaw:
    """The power law through the measured rates."""
    rates = [one.rate(f"rate/{kind}/{fan}").mean for fan in FANS]
    kept = [(fan, rate) for fan, rate in zip(FANS, rates, strict=True) if math.isfinite(rate)]
    count = float(one.values(f"rate_n/{kind}").sum())
    return theory.power_law(*zip(*kept, strict=True), count) if kept else PowerLaw(math.nan, math.nan, 0)


def law_settings(table: pd.DataFrame, kind: str) -> list[Setting]:
    """Where a kind of speculation occurred, one per temperature (and backup, where they differ)."""
    fields = ("sampling.temperature",) if kind == "primary" else ("spec.backup", "sampling.temperature")
    found = settings(finished(table), *fields)
    return [one for one in found if one.values(f"rate_n/{kind}").sum() > 0]


def fig3(table: pd.DataFrame) -> Figure:
    """Missed outcomes against fan-out, both in logarithms; the fitted power laws; r of an independent run."""
    figure, axes = style.canvas("Fig. 3  Missed outcomes fall as a power of the fan-out", 2, "independent run, r from one point (c = 1)")
    for axis, (kind, words) in zip(axes, AFTER.items(), strict=False):
        found = law_settings(table, kind)
        every = [float(one["sampling.temperature"]) for one in found]
        for one, temperature in zip(found, every, strict=True):
            misses = [missed(one.rate(f"rate/{kind}/{fan}")) for fan in FANS]
            law = law_of(one, kind)
            name = f"T = {temperature:g}" + (f", {one['spec.backup']}" if kind == "backup" else "")
            name += f": r = {law.exponent:.2f}" if math.isfinite(law.exponent) else ""
            color = heat(temperature, every)
            style.curve(axis, FANS, [one if one.mean > 0 else missing() for one in misses], color, name, linewidth=0)
            if math.isfinite(law.exponent):
                axis.plot(FANS, 1 - law(FANS), color=color, linewidth=1, linestyle="--")
        if found:
            style.log_ticks(axis, FANS)
            style.log_ticks(axis, [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1], vertical=True)
            axis.set_ylim(max(lowest(found, kind) / 2, 1e-4), 1)
        else:
            style.nothing(axis, "no finished runs" if table.empty else "no such rounds")
        style.label(axis, "fan-out F", "1 - p_hit(F)" if kind == "primary" else "", words)
        style.legend(axis)
    names, exponents = known("fig3.exponent_T", TEMPERATURES)
    axes[-1].plot([float(name) for name in names], exponents, **HOLLOW)
    style.label(axes[-1], "temperature", "exponent r")
    return figure


def lowest(found: list[Setting], kind: str) -> float:
    """The smallest share of misses that is not zero: intervals may end lower, at zero, which has no place on a logarithmic axis."""
    shares = [1 - one.rate(f"rate/{kind}/{fan}").mean for one in found for fan in FANS]
    return min((share for share in shares if share > 0), default=0.1)


def missed(rate: Interval) -> Interval:
    return Interval(1 - rate.mean, max(1 - rate.high, 1e-4), 1 - rate.low, rate.n)


def missing() -> Interval:
    return Interval(math.nan, math.nan, math.nan, 0)


def fig3_summary(table: pd.DataFrame) -> list[Row]:
    rows = []
    for kind, words in AFTER.items():
        for one in law_settings(table, kind):
            law = law_of(one, kind)
            temperature = f"{one['sampling.temperature']:g}"
            name = f"T = {temperature}, {words}" + (f" ({one['spec.backup']})" if kind == "backup" else "")
            key = f"fig3.exponent_T{temperature}" if kind == "primary" else ""
            note = f"c = {law.miss:.2f}, {law.n} points, {one.values(f'rate_n/{kind}').sum():.0f} lookups"
            rows.append(row(name, law.exponent, "exponent r", key, note))
            rows += [row(f"{name}, F = {fan}", one.rate(f"rate/{kind}/{fan}"), "hit rate") for fan in FANS]
    return [line for line in rows if math.isfinite(line["ours"])]


def fig4(table: pd.DataFrame) -> Figure:
    """Speed and hit rate over temperature, uniform and geometric fan-out, and SD."""
    figure, (left, right, paper) = style.canvas("Fig. 4  Geometric against uniform fan-out", 2, "independent run, 70B/1B, uniform F = 3")
    found = settings(finished(table), "spec.fanout", "sampling.temperature")
    for kind in dict.fromkeys(str(one["spec.fanout"]) for one in found):
        mine = [one for one in found if one["spec.fanout"] == kind]
        x = [float(one["sampling.temperature"]) for one in mine]
        modelled = any(one.speed()[1] for one in mine)
        style.curve(left, x, [one.speed()[0] for one in mine], COLORS[kind], f"SSD, {kind}{' (modelled)' if modelled else ''}")
        style.curve(right, x, [one.rate("p_hit") for one in mine], COLORS[kind], kind)
    every = settings(finished(table), "sampling.temperature")
    style.curve(left, [float(one["sampling.temperature"]) for one in every], [one.median("tok_s/sd") for one in every], COLORS["sd"], "SD")
    for axis in (left, right) if not found else ():
        style.nothing(axis)
    style.label(left, "temperature", "tokens per second")
    style.label(right, "temperature", "hit rate")
    style.legend(left)
    style.legend(right)
    names, speeds = known("fig4.tok_s_T", TEMPERATURES)
    paper.plot([float(name) for name in names], speeds, **HOLLOW)
    hits = [value(f"fig4.hit_T{name}") for name in names]
    for name, speed, hit in zip(names, speeds, hits, strict=True):
        paper.annotate(f"hit {hit:.2f}", (float(name), speed), (3, 5), textcoords="offset points", fontsize=7, color=PAPER)
    style.label(paper, "temperature", "tokens per second")
    return figure


def fig4_summary(table: pd.DataFrame) -> list[Row]:
    rows = []
    for one in settings(finished(table), "sampling.temperature", "spec.fanout"):
        temperature = f"{one['sampling.temperature']:g}"
        name = f"T = {temperature}, {one['spec.fanout']}"
        uniform = one["spec.fanout"] == "uniform"
        speed, modelled = one.speed()
        key = f"fig4.tok_s_T{temperature}" if uniform else ""
        rows.append(row(name, speed, "tok/s, modelled" if modelled else "tok/s", key, sizes(one)))
        rows.append(row(name, one.median("tok_s/sd"), "tok/s of SD"))
        rows.append(row(name, one.ratio("tok_s/ssd", "tok_s/sd"), "SSD over SD"))
        rows.append(row(name, one.rate("p_hit"), "hit rate", f"fig4.hit_T{temperature}" if uniform else ""))
        for column in ("E_hit", "E_miss"):
            rows.append(row(name, one.rate(column), column, f"fig4.{column}_T{temperature}" if uniform else ""))
        rows.append(row(name, one.rate("a_p"), "acceptance", "replica.a_p" if uniform and temperature == "0" else ""))
    return [line for line in rows if math.isfinite(line["ours"])]


def fig5(table: pd.DataFrame) -> Figure:
    """Acceptance against hit rate over C; tokens per round over C; what C does to one made-up law; a study on GPT-2."""
    found = settings(finished(table), "spec.saguaro")
    title = "Fig. 5  Saguaro sampling: less draft mass on what can be cached"
    figure, (left, middle, example, paper) = style.canvas(title, 3, "third-party study, GPT-2, 20 rounds a point", 3.7)
    hits, taken = ([one.rate(column) for one in found] for column in ("p_hit", "a_p"))
    if found:
        left.errorbar(
            [one.mean for one in taken], [one.mean for one in hits], xerr=style.errors(taken), yerr=style.errors(hits), color=COLORS["ssd"],
            capsize=2, elinewidth=0.8, **style.MARK
        )  # fmt: skip
        for one, x, y in zip(found, taken, hits, strict=True):
            left.annotate(f"C = {one['spec.saguaro']:g}", (x.mean, y.mean), (5, 4), textcoords="offset points", fontsize=7)
    else:
        style.nothing(left)
    style.label(left, "acceptance of a drafted token", "hit rate")
    weights = [float(one["spec.saguaro"]) for one in found]
    style.curve(middle, weights, [one.rate("tok_round") for one in found], COLORS["ssd"], "tokens per round")
    style.curve(middle, weights, [one.rate("E_hit") for one in found], COLORS["geometric"], "after a hit", linestyle="--", alpha=0.5)
    style.curve(middle, weights, [one.rate("E_miss") for one in found], COLORS["sd"], "after a miss", linestyle="--", alpha=0.5)
    style.label(middle, "C", "tokens per round")
    style.legend(middle)
    illustration(example)
    names, rates = known("fig5.hit_C", WEIGHTS)
    accepted = [value(f"fig5.acceptance_C{name}") for name in names]
    paper.plot(accepted, rates, **HOLLOW)
    for name, x, y in zip(names, accepted, rates, strict=True):
        paper.annotate(f"C = {name}", (x, y), (5, 4), textcoords="offset points", fontsize=7, color=PAPER)
    style.label(paper, "acceptance", "hit rate")
    return figure


def illustration(axis) -> None:
    """p, q and the residual before and after, on eight made-up tokens of which two are cached."""
    p, q = (np.array(values) / sum(values) for values in ((34, 26, 13, 9, 7, 5, 4, 2), (30, 24, 16, 11, 8, 5, 4, 2)))
    for offset, weight, color in ((-0.2, 1.0, COLORS["sd"]), (0.2, 0.3, COLORS["ssd"])):
        scaled = theory.saguaro(q, 1, weight)
        left = np.maximum(p - scaled, 0)
        axis.bar(np.arange(8) + offset, scaled, 0.36, color=color, alpha=0.35, label=f"q, C = {weight:g}")
        axis.bar(np.arange(8) + offset, left / left.sum(), 0.14, color=color, label=f"residual, C = {weight:g}")
    axis.step(np.arange(9) - 0.5, [*p, p[-1]], where="post", color=style.INK, linewidth=1, label="p")
    style.label(axis, "token, by draft probability", "probability", "made-up law, two tokens down-weighted")
    style.legend(axis)


def fig5_summary(table: pd.DataFrame) -> list[Row]:
    rows = []
    for one in settings(finished(table), "spec.saguaro"):
        name = f"C = {one['spec.saguaro']:g}"
        rows.append(row(name, one.rate("p_hit"), "hit rate", f"fig5.hit_C{one['spec.saguaro']:g}", sizes(one)))
        rows.append(row(name, one.rate("a_p"), "acceptance", f"fig5.acceptance_C{one['spec.saguaro']:g}"))
        rows += [row(name, one.rate(column), column) for column in ("tok_round", "E_hit", "E_miss")]
        rows += [row(name, one.median(f"{column}/expected"), f"{column}, expected") for column in ("p_hit", "alpha", "tok_round")]
        rows.append(row(name, one.median("tok_s/ssd"), "tok/s"))
        rows.append(row(name, one.predicted(), "tok/s, modelled"))
    return [line for line in rows if math.isfinite(line["ours"])]
