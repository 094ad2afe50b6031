"""What every method reaches (fixed_reward) and how long it takes (runtime)."""

import pandas as pd
from matplotlib.figure import Figure

from projects.dmpc.figures import style
from projects.dmpc.figures.reading import (
    INTERVALS,
    METHODS,
    MIXED,
    PAIRED,
    UNKNOWN,
    better,
    episodes,
    facts,
    finished,
    known,
    mean,
    methods,
    place,
    remark,
    score,
    sets,
    singles,
    values,
    where,
)
from projects.dmpc.published import row, value
from shared.figures.published import Row
from shared.stats import Interval, mean_interval

TICKS = [digit * 10**power for power in range(-2, 5) for digit in (1, 3)]  # ms
OTHERS = ("policy", "cloning", "copying", "mbop")  # what D-MPC is held against
OF_PAPER = {"dmpc": "fixed_reward.dmpc", "mbop": "fixed_reward.mbop"}


# -- what is reached ----------------------------------------------------------------------------------------------------------------------
def fixed_reward(table: pd.DataFrame) -> Figure:
    """Scores by data set and method; by how much D-MPC is ahead of the others; on the right what is known of the paper's."""
    rows = finished(table)
    worlds = sets(rows)
    title = "Planning with the learned return: percent of the way from uniform actions to our own expert"
    paper = "paper: D4RL's data\nand constants,\nmean of six sets\n(secondary source)"
    note = remark(rows, PAIRED, "Dots: single trainings")
    figure, (axis, lead, theirs) = style.canvas(title, 2, paper, 5.6, note, (7.4, 7.4, 1.6))
    every = [name for name, ours in methods(rows).items() if len(values(ours, "score"))]
    runs = {name: [methods(one).get(name, rows.iloc[:0]) for one in worlds.values()] for name in every}
    names = [name.replace(" ", "\n", 1) for name in worlds]
    if every:
        found = {name: [score(one) for one in ones] for name, ones in runs.items()}
        points = {name: [singles(one) for one in ones] for name, ones in runs.items()}
        style.clusters(axis, names, found, style.looks(METHODS), points)
        axis.set_ylim(top=1.35 * axis.get_ylim()[1])  # for the legend
        style.legend(axis, columns=2)
    else:
        style.nothing(axis)
    held = [other for other in OTHERS if {"dmpc", other} <= set(runs) and episodes(rows)]
    if held:
        mixed = methods(where(rows, collect__set=MIXED))
        gaps = {other: [better(*pair) for pair in zip(runs["dmpc"], runs[other], strict=True)] for other in held}
        if len(worlds) > 1 and {"dmpc", *held} <= set(mixed):
            names = [*names, f"all of\n{MIXED}"]
            gaps = {other: [*ones, better(mixed["dmpc"], mixed[other])] for other, ones in gaps.items()}
        style.clusters(lead, names, gaps, style.looks(METHODS))
        lead.axhline(0, color=style.INK, linewidth=0.8)
    else:
        style.nothing(lead)
    style.label(axis, "", "score, %")
    style.label(lead, "", "D-MPC above the others, points")
    known_of = {name: [Interval(value(key), float("nan"), float("nan"), 1)] for name, key in OF_PAPER.items()}
    style.clusters(theirs, [""], known_of, style.looks(METHODS), of_paper=True)
    return figure


def fixed_reward_summary(table: pd.DataFrame) -> list[Row]:
    rows, means = [], {}
    done = finished(table)
    for name, ours in sets(done).items():
        found = methods(ours)
        for method, runs in found.items():
            note = facts(runs)
            rows.append(row(f"{name}, {METHODS[method]}", score(runs), "score, %", "", note))
            rows.append(row(f"{name}, {METHODS[method]}", mean(runs, "score_d4rl"), "score by D4RL's constants, %", "", note))
            rows.append(row(f"{name}, {METHODS[method]}", mean(runs, "return"), "return", "", note))
            rows.append(row(f"{name}, {METHODS[method]}", mean(runs, "failed", 100.0), "episodes that end in a fall, %", "", note))
            means.setdefault(method, []).append(mean(runs, "score").mean)
            if method == "dmpc":
                rows.append(row(f"{name}, D-MPC", mean(runs, "predicted"), "discounted return foretold for what was carried out", "", note))
                rows.append(row(f"{name}, D-MPC", mean(runs, "achieved"), "discounted return that came", "", note))
        for other in OTHERS:
            gap = better(found["dmpc"], found[other]) if {"dmpc", other} <= set(found) else UNKNOWN
            rows.append(row(f"{name}, D-MPC above {METHODS[other]}", gap, "points, in pairs of episodes", "", facts(ours)))
    mixed = methods(where(done, collect__set=MIXED))
    for other in OTHERS if "dmpc" in mixed else ():
        gap = better(mixed["dmpc"], mixed[other]) if other in mixed else UNKNOWN
        rows.append(row(f"all {MIXED}, D-MPC above {METHODS[other]}", gap, "points, in pairs of episodes", "", facts(mixed["dmpc"])))
    for method, ones in means.items():
        note = f"over {len(ones)} sets; the paper's are six, of other data"
        rows.append(row(f"mean, {METHODS[method]}", mean_interval(ones), "score, %", OF_PAPER.get(method, ""), note))
    return known(rows)


# -- how long it takes --------------------------------------------------------------------------------------------------------------------
def runtime(table: pd.DataFrame) -> Figure:
    """Milliseconds per plan, and what they buy."""
    rows = finished(table)
    found = {name: runs for name, runs in methods(rows).items() if len(values(runs, "plan_ms"))}
    figure, (axis,) = style.canvas(f"What a plan costs, and what it buys{place(rows)}", 1, "", 6.0, remark(rows, INTERVALS))
    for name, runs in found.items():
        reached, took = score(runs), mean(runs, "plan_ms").mean
        style.curve(axis, [took], [reached], style.COLORS[name], METHODS[name], linewidth=0)
    if found:
        low, high = (bound(mean(runs, "plan_ms").mean for runs in found.values()) for bound in (min, max))
        style.log_ticks(axis, [tick for tick in TICKS if low / 2 < tick < 2 * high])
        axis.set_xlim(low / 2, 2 * high)
        style.legend(axis)
    else:
        style.nothing(axis)
    style.label(axis, "ms per plan and episode", "score, %")
    return figure


def runtime_summary(table: pd.DataFrame) -> list[Row]:
    found = methods(finished(table))
    slow = mean(found["dmpc"], "plan_ms").mean if "dmpc" in found else float("nan")
    rows = []
    for name, runs in found.items():
        took = mean(runs, "plan_ms")
        rows.append(row(METHODS[name], took, "ms per plan and episode", "", facts(runs)))
        if name != "dmpc":
            rows.append(row(METHODS[name], slow / took.mean, "times as fast as D-MPC", "", facts(runs)))
    return known(rows)
