"""Theorem 7 against the clock, and the sweeps of the lookahead and of the budget."""

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from projects.ssd.figures import style
from projects.ssd.figures.settings import MODES, Setting, finished, settings, sizes
from projects.ssd.figures.speed import measured
from projects.ssd.figures.style import COLORS, HOLLOW, NAMES, PAPER
from projects.ssd.published import known, row, value
from shared.figures.published import Row
from shared.stats import Interval

BATCHES = ["1", "2", "4", "8", "16"]
FIELDS = (
    "pair.name", "pair.role", "prompts.domain", "bench.batch", "sampling.temperature", "spec.lookahead", "spec.budget", "spec.fanout",
    "spec.backup", "spec.saguaro",
)  # fmt: skip


def points(table: pd.DataFrame) -> list[tuple[Setting, Interval, float, float]]:
    """(setting, measured tok/s, predicted with T_v beside the draft, predicted with T_v alone) of everything that was timed."""
    found = [(one, one.median("tok_s/ssd"), one.predicted(), one.predicted(overlapped=False)) for one in settings(finished(table), *FIELDS)]
    return [point for point in found if all(map(math.isfinite, (point[1].mean, point[2])))]


def theorem7(table: pd.DataFrame) -> Figure:
    """Predicted against measured, every timed run one point; on the right an independent run's rounds."""
    found = points(table)
    figure, (axis, errors, paper) = style.canvas("Theorem 7  Predicted against measured speed of SSD", 2, "independent run: ms per round")
    if found:
        batches = sorted({int(one["bench.batch"]) for one, *_ in found})
        for index, batch in enumerate(batches):
            color = style.WARM[round(index * (len(style.WARM) - 1) / max(len(batches) - 1, 1))]
            mine = [point for point in found if point[0]["bench.batch"] == batch]
            ours, theirs = [one for _, one, _, _ in mine], [predicted for _, _, predicted, _ in mine]
            style.curve(axis, theirs, ours, color, f"b = {batch}", linewidth=0)
            axis.plot([alone for *_, alone in mine], [one.mean for one in ours], "o", markersize=5, markerfacecolor="none", color=color)
            errors.plot([batch] * len(mine), [100 * (one.mean / predicted - 1) for _, one, predicted, _ in mine], "o", color=color)
        ends = [min(point[2] for point in found) * 0.9, max(point[2] for point in found) * 1.1]
        axis.plot(ends, ends, color=style.INK, linewidth=0.8, linestyle=":", label="measured = predicted")
        axis.plot([], [], "o", markerfacecolor="none", color=PAPER, label="with T_v measured alone")
        style.log_ticks(errors, batches)
        errors.axhline(0, color=style.INK, linewidth=0.8, linestyle=":")
    else:
        style.nothing(axis)
        style.nothing(errors)
    style.label(axis, "predicted, tokens per second", "measured, tokens per second")
    style.label(errors, "batch", "measured against predicted, %")
    style.legend(axis)
    names, model = known("batch.model_b", BATCHES)
    paper.plot(model, [value(f"batch.step_b{name}") for name in names], **{**HOLLOW, "linewidth": 0})
    paper.plot([15, 45], [15, 45], color=PAPER, linewidth=0.8, linestyle=":")
    for name, x in zip(names, model, strict=True):
        place = (x, value(f"batch.step_b{name}"))
        paper.annotate(f"b = {name}", place, (5, -3), textcoords="offset points", fontsize=7, color=PAPER)
    style.label(paper, "by Theorem 17", "measured")
    return figure


def theorem7_summary(table: pd.DataFrame) -> list[Row]:
    found, rows = points(table), []
    for one, ours, predicted, alone in found:
        name = ", ".join(str(one[field]) for field in FIELDS if field in one.rows)
        rows.append(row(name, ours.mean / predicted, "measured over predicted", "", f"{ours.mean:.4g} against {predicted:.4g} tok/s"))
        rows.append(row(name, ours.mean / alone, "measured over predicted, T_v alone"))
        rows.append(row(name, one.ratio("tok_s/ssd", "tok_s/ar"), "measured speed over AR"))
    if found:
        ratios = [ours.mean / predicted for _, ours, predicted, _ in found]
        low, high = np.percentile(ratios, (2.5, 97.5))
        middle = Interval(float(np.median(ratios)), float(low), float(high), len(ratios))
        rows.insert(0, row("all runs", middle, "measured over predicted", "", "median and central 95% of the runs"))
    return [line for line in rows if math.isfinite(line["ours"])]


def ksweep(table: pd.DataFrame) -> Figure:
    """Speed and tokens per round by lookahead, and the accepted lengths at the longest."""
    found = settings(finished(table), "spec.lookahead")
    figure, (left, middle, right, paper) = style.canvas("Lookahead: a longer guess costs more", 3, "independent run: k after a hit", 3.7)
    x = [int(one["spec.lookahead"]) for one in found]
    for mode in measured(found, MODES):
        style.curve(left, x, [one.median(f"tok_s/{mode}") for one in found], COLORS[mode], NAMES[mode])
    if found and "ssd" not in measured(found, MODES):
        style.curve(left, x, [one.speed()[0] for one in found], COLORS["ssd"], "SSD (modelled)", markerfacecolor="none")
    style.label(left, "K", "tokens per second")
    style.legend(left)
    style.curve(middle, x, [one.rate("tok_round") for one in found], COLORS["ssd"], "SSD")
    style.curve(middle, x, [one.median("tok_round/sd") for one in found], COLORS["sd"], "SD")
    style.label(middle, "K", "tokens per round")
    style.legend(middle)
    if found:
        for shift, name, words, color in ((-0.2, "hist_hit", "after a hit", COLORS["ssd"]), (0.2, "hist", "all rounds", COLORS["sd"])):
            right.bar(np.arange(x[-1] + 1) + shift, histogram(found[-1], name), 0.38, color=color, label=words)
        style.legend(right)
    else:
        for axis in (left, middle, right):
            style.nothing(axis)
    style.label(right, "accepted tokens k", "share of rounds", f"K = {x[-1]}" if found else "")
    names, shares = known("ksweep.hist_hit_", [str(k) for k in range(8)])
    paper.bar([int(name) for name in names], shares, color="none", edgecolor=PAPER)
    style.label(paper, "accepted tokens k", "share of hit rounds")
    return figure


def histogram(one: Setting, name: str) -> list[float]:
    return [one.number(f"{name}/{k}") for k in range(int(one["spec.lookahead"]) + 1)]


def ksweep_summary(table: pd.DataFrame) -> list[Row]:
    rows = []
    for one in settings(finished(table), "spec.lookahead"):
        name = f"K = {one['spec.lookahead']}"
        rows += [row(f"{name}, {NAMES[mode]}", one.median(f"tok_s/{mode}"), "tok/s", "", sizes(one)) for mode in measured([one], MODES)]
        if one.speed()[1]:
            rows.append(row(f"{name}, SSD", one.speed()[0], "tok/s, modelled"))
        rows += [row(name, one.rate(column), column) for column in ("tok_round", "p_hit", "a_p", "frac_accepted")]
        rows.append(row(name, one.median("tok_round/sd"), "tok_round of SD"))
        rows += [row(name, one.median(column), column) for column in ("T_v1_ms", "T_v_ms", "T_draft_ms", "T_p_ms")]
        seven = one["spec.lookahead"] == 7
        for k, share in enumerate(histogram(one, "hist_hit")):
            rows.append(row(f"{name}, k = {k}", share, "share of hit rounds", f"ksweep.hist_hit_{k}" if seven else ""))
    return [line for line in rows if math.isfinite(line["ours"])]


def fsweep(table: pd.DataFrame) -> Figure:
    """Hit rate, time of the cache and speed by budget."""
    found = settings(finished(table), "spec.fanout", "spec.budget")
    title = "Budget: more branches hit oftener and take longer"
    figure, (left, middle, right, paper) = style.canvas(title, 3, "independent run, 32B/0.6B", 3.7)
    for kind in dict.fromkeys(str(one["spec.fanout"]) for one in found):
        mine = [one for one in found if one["spec.fanout"] == kind]
        x = [int(one["spec.budget"]) for one in mine]
        modelled = any(one.speed()[1] for one in mine)
        style.curve(left, x, [one.rate("p_hit") for one in mine], COLORS[kind], kind)
        style.curve(middle, x, [one.median("T_p_ms") for one in mine], COLORS[kind], f"T_p, {kind}")
        style.curve(right, x, [one.speed()[0] for one in mine], COLORS[kind], f"SSD, {kind}{' (modelled)' if modelled else ''}")
    every = settings(finished(table), "spec.budget")
    budgets = [int(one["spec.budget"]) for one in every]
    style.curve(middle, budgets, [one.median("T_v_overlapped_ms") for one in every], COLORS["sd"], "T_v beside it", linestyle="--")
    style.curve(right, budgets, [one.median("tok_s/sd") for one in every], COLORS["sd"], "SD")
    for axis in (left, middle, right) if not found else ():
        style.nothing(axis)
    for axis, words in ((left, "hit rate"), (middle, "ms"), (right, "tokens per second")):
        style.label(axis, "budget M", words)
        style.legend(axis)
    names, hits = known("fsweep.hit_F", ["3", "6"])
    paper.plot([8 * int(name) for name in names], hits, **HOLLOW)
    for name, hit in zip(names, hits, strict=True):
        text = f"{value(f'fsweep.tok_s_F{name}'):g} tok/s"
        paper.annotate(text, (8 * int(name), hit), (-14, 6), textcoords="offset points", fontsize=7, color=PAPER)
    paper.margins(0.25)
    style.label(paper, "budget M (K = 7)", "hit rate")
    return figure


def fsweep_summary(table: pd.DataFrame) -> list[Row]:
    rows = []
    for one in settings(finished(table), "spec.budget", "spec.fanout"):
        fan = int(one["spec.budget"]) / (int(one["spec.lookahead"]) + 1)
        name, key = f"M = {one['spec.budget']}, {one['spec.fanout']}", f"F{fan:g}" if one["spec.fanout"] == "uniform" else "none"
        speed, modelled = one.speed()
        rows.append(row(name, one.rate("p_hit"), "hit rate", f"fsweep.hit_{key}", sizes(one)))
        rows.append(row(name, speed, "tok/s, modelled" if modelled else "tok/s", f"fsweep.tok_s_{key}"))
        rows.append(row(name, one.ratio("tok_s/ssd", "tok_s/sd"), "SSD over SD"))
        rows += [row(name, one.median(column), column) for column in ("T_v_overlapped_ms", "T_p_ms", "T_b_ms")]
    return [line for line in rows if math.isfinite(line["ours"])]
