"""Tokens per second: table A, its small sister for the demo, and latency against throughput."""

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from projects.ssd import theory
from projects.ssd.figures import style
from projects.ssd.figures.settings import COUNTERPART, MODES, UNKNOWN, Setting, finished, median, settings, sizes
from projects.ssd.figures.style import COLORS, HOLLOW, NAMES, PAPER
from projects.ssd.published import known, row, value
from shared.figures.published import Row
from shared.stats import Interval

ALL = ("ar", "ar_both", "sd", "sd_both", "ssd")
ROLES = {"draft": "first pair", "weak": "second pair, weaker draft"}
DATASETS = ["humaneval", "ultrafeedback", "alpaca", "gsm8k"]
BATCHES = ["1", "2", "4", "8", "16"]


def pairs(table: pd.DataFrame) -> dict[tuple[str, str], list[Setting]]:
    """(pair, role) -> its domains."""
    found: dict[tuple[str, str], list[Setting]] = {}
    for one in settings(finished(table), "pair.name", "pair.role", "prompts.domain"):
        found.setdefault((str(one["pair.name"]), str(one["pair.role"])), []).append(one)
    return found


def measured(found: list[Setting], modes: tuple[str, ...] = ALL) -> list[str]:
    """The modes that anything is known of."""
    return [mode for mode in modes if any(one.values(f"tok_s/{mode}").size for one in found)]


def tableA(table: pd.DataFrame) -> Figure:
    """Bars by domain for either pair, the same per device, and the paper's."""
    return bars(table, "Table A and Fig. 7 left  Decode tokens per second, batch 1, temperature 0")


def demo(table: pd.DataFrame) -> Figure:
    """The same for one small pair."""
    return bars(table, "The same text three ways: one token at a time, speculating, and speculating on the speculation")


def bars(table: pd.DataFrame, title: str) -> Figure:
    found = pairs(table)
    figure, axes = style.canvas(title, max(len(found), 1) + 1, "paper: 70B/1B, AR and SD on 4 GPUs, SSD on 4 + 1", 4.0)
    for axis, ((pair, role), ones) in zip(axes, found.items(), strict=False):
        domains = [str(one["prompts.domain"]) for one in ones]
        style.bars(axis, domains, {mode: [speed(one, mode) for one in ones] for mode in measured(ones) or ["ssd"]})
        modelled = any(one.speed()[1] for one in ones)
        name = f"{pair}, {ROLES.get(role, role)}" + (": SSD modelled (Theorem 7)" if modelled else "")
        style.label(axis, "", "tokens per second", name)
    if not found:
        style.nothing(axes[0])
    every, each = [one for ones in found.values() for one in ones], axes[-2]
    names = [f"{pair}, {ROLES.get(role, role)}" for pair, role in found]
    style.bars(each, names, {mode: [average_per_device(ones, mode) for ones in found.values()] for mode in measured(every)})
    style.label(each, "", "tokens per second and device", "per device, mean over domains: SSD uses one more")
    paper = axes[-1]
    paper_bars = {mode: [Interval(value(f"tableA.{mode}_{name}"), math.nan, math.nan, 1) for name in DATASETS] for mode in MODES}
    style.bars(paper, DATASETS, paper_bars)
    for container, color in zip(paper.containers, (PAPER,) * 9, strict=False):
        for patch in getattr(container, "patches", ()):
            patch.set(alpha=0.55, edgecolor=color)
    paper.tick_params(axis="x", labelsize=7)
    return figure


def speed(one: Setting, mode: str) -> Interval:
    return one.speed()[0] if mode == "ssd" else one.median(f"tok_s/{mode}")


def tableA_summary(table: pd.DataFrame) -> list[Row]:
    rows: list[Row] = []
    for (pair, role), ones in pairs(table).items():
        prefix = "tableA." if role != "weak" else "tableA.second_"
        for one in ones:
            domain = str(one["prompts.domain"])
            rows += of_domain(one, f"{pair}, {role}, {domain}", prefix, COUNTERPART.get(domain, ""))
        if len(ones) > 1:
            rows += averages(ones, f"{pair}, {role}, average", prefix)
    return rows


def of_domain(one: Setting, name: str, prefix: str, dataset: str) -> list[Row]:
    rows = []
    for mode in measured([one]):
        rows.append(row(f"{name}, {NAMES[mode]}", one.median(f"tok_s/{mode}"), "tok/s", f"{prefix}{mode}_{dataset}", sizes(one)))
        rows.append(row(f"{name}, {NAMES[mode]}", one.per_device(mode), "tok/s per device"))
    if one.speed()[1]:
        rows.append(row(f"{name}, SSD", one.speed()[0], "tok/s, modelled", "", "Theorem 7 from measured times, not a measurement"))
    rows.append(row(name, one.ratio("tok_s/ssd", "tok_s/sd"), "SSD over SD", f"{prefix}over_sd_{dataset}", share_note(one)))
    rows.append(row(name, one.ratio("tok_s/ssd", "tok_s/ar"), "SSD over AR", f"{prefix}over_ar_{dataset}"))
    rows.append(row(name, one.ratio("tok_s/sd", "tok_s/ar"), "SD over AR"))
    rows += [row(name, one.rate(column), column) for column in ("p_hit", "a_p", "E_hit", "E_miss", "tok_round")]
    return rows


def share_note(one: Setting) -> str:
    """What drafting takes of an SD step, against what it must take for the extra device to pay."""
    times, target, every = one.times(overlapped=False), one.number("devices/sd"), one.number("devices/ssd")
    share = times.draft / (times.draft + times.verify)
    if not all(map(math.isfinite, (share, target, every))) or every <= target:
        return ""
    return f"drafting is {share:.0%} of an SD step; {theory.break_even(int(target), int(every - target)):.0%} pay for the extra device"


def averages(ones: list[Setting], name: str, prefix: str) -> list[Row]:
    """Over domains, repeat by repeat."""
    rows = []
    for mode in measured(ones):
        rows.append(row(f"{name}, {NAMES[mode]}", over_domains(ones, f"tok_s/{mode}"), "tok/s", f"{prefix}{mode}_average"))
        each = average_per_device(ones, mode)
        rows.append(row(f"{name}, {NAMES[mode]}", each, "tok/s per device", f"{prefix}per_device_{mode}_average"))
    for below, words in (("sd", "SSD over SD"), ("ar", "SSD over AR")):
        rows.append(row(name, over_domains(ones, "tok_s/ssd", 1.0, f"tok_s/{below}"), words, f"{prefix}over_{below}_average"))
    return rows


def over_domains(ones: list[Setting], column: str, scale: float = 1.0, below: str = "") -> Interval:
    """The mean over domains of every repeat, then the median over repeats; with `below` the ratio of two such means. Domains of which
    one of the two is not known are left out of both."""
    ones = [one for one in ones if one.values(column).size and one.values(below or column).size]
    above, under = (mean_by_repeat(ones, name) for name in (column, below or column))
    return median(scale * (above / under if below else above))


def average_per_device(ones: list[Setting], mode: str) -> Interval:
    devices = ones[0].number(f"devices/{mode}")
    return over_domains(ones, f"tok_s/{mode}", 1 / devices) if devices > 0 else UNKNOWN


def mean_by_repeat(ones: list[Setting], column: str) -> np.ndarray:
    lists = [one.values(column) for one in ones]
    count = min(map(len, lists), default=0)
    return np.mean([values[:count] for values in lists], axis=0) if count else np.empty(0)


def demo_summary(table: pd.DataFrame) -> list[Row]:
    return [
        line
        for (pair, _), ones in pairs(table).items()
        for one in ones
        for line in of_domain(one, f"{pair}, {one['prompts.domain']}", "tableA.", "average")
    ]


def fig7(table: pd.DataFrame) -> Figure:
    """Tokens per second of one sequence against those of one device, batch by batch."""
    found = settings(finished(table), "bench.batch")
    figure, (axis, paper) = style.canvas("Fig. 7 right  Latency against throughput", 1, "independent run, 70B/1B, SSD on 5 GPUs", 5.0)
    for mode in measured(found, MODES) or []:
        x, y = [one.per_sequence(mode) for one in found], [one.per_device(mode) for one in found]
        style.curve(axis, [one.mean for one in x], y, COLORS[mode], NAMES[mode], xerr=style.errors(x) if known_all(x, y) else None)
        for one, place, height in zip(found, x, y, strict=True):
            if math.isfinite(place.mean) and math.isfinite(height.mean):
                text = f"b = {one['bench.batch']}"
                axis.annotate(text, (place.mean, height.mean), (5, 4), textcoords="offset points", fontsize=7, color=COLORS[mode])
    if not found:
        style.nothing(axis)
    style.label(axis, "tokens per second of one sequence", "tokens per second and device")
    style.legend(axis)
    batches, totals = known("batch.tok_s_b", BATCHES)
    paper.plot([total / int(b) for b, total in zip(batches, totals, strict=True)], [total / 5 for total in totals], **HOLLOW)
    for b, total in zip(batches, totals, strict=True):
        paper.annotate(f"b = {b}", (total / int(b), total / 5), (5, 4), textcoords="offset points", fontsize=7, color=PAPER)
    style.label(paper, "tokens per second of one sequence", "tokens per second and device")
    return figure


def known_all(x: list[Interval], y: list[Interval]) -> bool:
    return all(math.isfinite(one.mean) for one in (*x, *y))


def fig7_summary(table: pd.DataFrame) -> list[Row]:
    rows = []
    for one in settings(finished(table), "bench.batch"):
        batch = one["bench.batch"]
        for mode in measured([one], MODES):
            key = f"batch.tok_s_b{batch}" if mode == "ssd" else ""
            rows.append(row(f"b = {batch}, {NAMES[mode]}", one.median(f"tok_s/{mode}"), "tok/s", key, sizes(one)))
            rows.append(row(f"b = {batch}, {NAMES[mode]}", one.per_sequence(mode), "tok/s per sequence"))
            rows.append(row(f"b = {batch}, {NAMES[mode]}", one.per_device(mode), "tok/s per device"))
        rows.append(row(f"b = {batch}", one.ratio("tok_s/ssd", "tok_s/sd"), "SSD over SD"))
    return rows
