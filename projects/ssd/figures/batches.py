"""Figure 6: which backup is fastest at which batch, and what more draft devices would bring."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from projects.ssd import theory
from projects.ssd.figures import style
from projects.ssd.figures.settings import Setting, finished, settings, sizes
from projects.ssd.figures.style import COLORS, HOLLOW, NAMES
from projects.ssd.published import known, row
from shared.figures.published import Row

BACKUPS = ("neural", "ngram", "random", "auto")
BATCHES = ["1", "2", "4", "8", "16"]
DEVICES = (1, 2, 3, 4)


def by_backup(table: pd.DataFrame) -> dict[str, list[Setting]]:
    """Backup -> its batches, at the budget that most settings share."""
    found = settings(finished(table), "spec.budget", "spec.backup", "bench.batch")
    budgets = [int(one["spec.budget"]) for one in found]
    main = max(budgets, key=budgets.count, default=0)
    kept = {kind: [one for one in found if one["spec.backup"] == kind and one["spec.budget"] == main] for kind in BACKUPS}
    return {kind: ones for kind, ones in kept.items() if ones}


def by_budget(table: pd.DataFrame) -> list[Setting]:
    """The neural backup at every budget of the batch that has the most of them (the larger of two)."""
    rows = finished(table)
    found = settings(rows[rows["spec.backup"] == "neural"], "bench.batch", "spec.budget") if len(rows) else []
    batches = [int(one["bench.batch"]) for one in found]
    main = max(batches, key=lambda batch: (batches.count(batch), batch), default=0)
    return [one for one in found if one["bench.batch"] == main]


def per_row(one: Setting):
    speed, modelled = one.speed()
    batch = float(one["bench.batch"])
    return replace(speed, mean=speed.mean / batch, low=speed.low / batch, high=speed.high / batch), modelled


def predicted_crossover(found: dict[str, list[Setting]]) -> float:
    """b* of neural against the faster fast backup, from what the smallest batch measured; NaN where something is missing."""
    if "neural" not in found:
        return math.nan
    neural, stars = found["neural"][0], []
    times = neural.times()
    for kind in ("ngram", "random"):
        if kind in found:
            e_miss = [one.number("E_miss") for one in (neural, found[kind][0])]
            numbers = (neural.number("p_hit"), neural.number("E_hit"), *e_miss, times.backup / max(times.verify, times.cache))
            if all(map(math.isfinite, numbers)):
                stars.append(theory.crossover(*numbers))
    return min(stars, default=math.nan)


def observed_crossover(found: dict[str, list[Setting]]) -> float:
    """The smallest measured batch at which a fast backup was ahead of the neural one; infinity where none was, NaN without both."""
    neural = {one["bench.batch"]: per_row(one)[0].mean for one in found.get("neural", ())}
    fast = [(one["bench.batch"], per_row(one)[0].mean) for kind in ("ngram", "random") for one in found.get(kind, ())]
    both = [(batch, speed) for batch, speed in fast if batch in neural and math.isfinite(speed) and math.isfinite(neural[batch])]
    return min((batch for batch, speed in both if speed > neural[batch]), default=math.inf) if both else math.nan


def projection(found: list[Setting]) -> list[tuple[int, int, float]]:
    """(draft devices, best budget, tokens per second and row by Theorem 17) with m devices building an m-th of the cache each.

    The time of a smaller cache is read between the measured budgets; the hit rate of a budget is its measured one.
    """
    known_ones = [one for one in found if math.isfinite(one.predicted())]
    if len(known_ones) < 2:
        return []
    budgets = np.array([float(one["spec.budget"]) for one in known_ones])
    caches = np.array([one.times().cache for one in known_ones])
    slope, level = np.polyfit(budgets, caches, 1)
    rows = []
    for devices in DEVICES:
        speeds = [by_devices(one, max(0.0, slope * float(one["spec.budget"]) / devices + level)) for one in known_ones]
        best = int(np.argmax(speeds))
        rows.append((devices, int(budgets[best]), speeds[best]))
    return rows


def by_devices(one: Setting, cache: float) -> float:
    times, p = one.times(), one.number("p_hit")
    tokens = p * one.number("E_hit") + (1 - p) * one.number("E_miss")
    return 1e3 * tokens / theory.round_time(p, replace(times, cache=cache), int(one["bench.batch"]))


def fig6(table: pd.DataFrame) -> Figure:
    """Left: speed of a sequence by batch and backup. Right: modelled for more draft devices. Then an independent run."""
    found, budgets = by_backup(table), by_budget(table)
    figure, (left, right, paper) = style.canvas("Fig. 6  The backup by batch size, and more draft devices", 2, "independent run, neural")
    for kind, ones in found.items():
        speeds = [per_row(one) for one in ones]
        name = NAMES.get(kind, kind) + (" (modelled)" if any(modelled for _, modelled in speeds) else "")
        dashes = {"linestyle": "--", "marker": "x"} if kind == "auto" else {}
        style.curve(left, [one["bench.batch"] for one in ones], [speed for speed, _ in speeds], COLORS[kind], name, **dashes)
    if found:
        style.log_ticks(left, [one["bench.batch"] for ones in found.values() for one in ones])
        star = predicted_crossover(found)
        left.plot([], [], " ", label=f"b* predicted {words(star)}, seen at {words(observed_crossover(found))}")
        if 1 < star < 1e3:
            left.axvline(star, color=style.INK, linewidth=0.8, linestyle=":")
    else:
        style.nothing(left)
    style.label(left, "batch", "tokens per second of one sequence")
    style.legend(left)
    points = projection(budgets)
    if points:
        right.plot([devices for devices, _, _ in points], [speed for _, _, speed in points], **{**style.MARK, "markerfacecolor": "none"})
        for devices, budget, speed in points:
            right.annotate(f"M = {budget}", (devices, speed), (4, 5), textcoords="offset points", fontsize=7)
        right.set_xticks(DEVICES)
    else:
        style.nothing(right, "wants two budgets at one batch")
    batch = f", b = {budgets[0]['bench.batch']}" if budgets else ""
    style.label(right, "draft devices", "tokens per second of one sequence", f"modelled from the measured T_p(M){batch}")
    batches, totals = known("batch.tok_s_b", BATCHES)
    paper.plot([int(b) for b in batches], [total / int(b) for b, total in zip(batches, totals, strict=True)], **HOLLOW)
    style.log_ticks(paper, [int(b) for b in batches])
    style.label(paper, "batch", "tokens per second of one sequence")
    return figure


def words(batch: float) -> str:
    return "unknown" if math.isnan(batch) else "none" if math.isinf(batch) else f"{batch:.3g}"


def fig6_summary(table: pd.DataFrame) -> list[Row]:
    rows, found = [], by_backup(table)
    for kind, ones in found.items():
        for one in ones:
            name = f"b = {one['bench.batch']}, {NAMES.get(kind, kind)}"
            speed, modelled = per_row(one)
            rows.append(row(name, speed, "tok/s per sequence" + (", modelled" if modelled else ""), "", sizes(one)))
            key = f"batch.tok_s_b{one['bench.batch']}" if kind == "neural" else ""
            rows.append(row(name, one.speed()[0], "tok/s" + (", modelled" if modelled else ""), key))
            rows += [row(name, one.rate(column), column) for column in ("p_hit", "E_hit", "E_miss")]
            rows.append(row(name, one.median("p_hit_batch"), "rounds in which every row hits"))
            rows += [row(name, one.median(column), column) for column in ("T_v_overlapped_ms", "T_p_ms", "T_b_ms")]
    rows.append(row("b*", predicted_crossover(found), "crossover, predicted"))
    rows.append(row("b*", observed_crossover(found), "crossover, first batch seen"))
    for devices, budget, speed in projection(by_budget(table)):
        rows.append(row(f"{devices} draft devices", speed, "tok/s per sequence, modelled", "", f"best budget M = {budget}"))
    rows += [row(f"M = {one['spec.budget']}", one.median("T_p_ms"), "T_p_ms") for one in by_budget(table)]
    return [line for line in rows if math.isfinite(line["ours"])]
