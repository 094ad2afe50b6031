"""Dynamics that nobody trained for (novel_dynamics), and a planner that an MLP has learned from (distilled)."""

import math

import pandas as pd
from matplotlib.figure import Figure

from projects.dmpc.figures import style
from projects.dmpc.figures.reading import (
    INTERVALS,
    METHODS,
    PAIRED,
    UNKNOWN,
    better,
    facts,
    finished,
    known,
    mean,
    methods,
    place,
    remark,
    score,
    singles,
    spelled,
    values,
)
from projects.dmpc.published import row
from shared.figures.published import Row
from shared.stats import Interval

WHOLE, BEFORE, AFTER = "as in training", "a weaker joint", "a weaker joint, adapted"
LONGER = "a weaker joint, longer training"  # as long as adapting takes, on play data without the defect
KEYS = {("dmpc", BEFORE): "novel_dynamics.dmpc_before", ("dmpc", AFTER): "novel_dynamics.dmpc_after"}
TAUGHT = {"dmpc": "distilled.teacher", "student": "distilled.student"}


# -- novel dynamics -----------------------------------------------------------------------------------------------------------------------
def worlds(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Runs where they were trained, with a joint that is weaker, and there with what has adapted to it, or has trained as long where no
    joint is weaker; those that there are."""
    if rows.empty or "env.defect_joint" not in rows:
        return {}
    weak, adapted, longer = rows["env.defect_joint"] >= 0, rows["evaluate.adapted"], rows["adapt.whole"]
    found = {WHOLE: rows[~weak], BEFORE: rows[weak & ~adapted], LONGER: rows[weak & longer], AFTER: rows[weak & adapted & ~longer]}
    return {name: runs for name, runs in found.items() if len(runs)}


def novel_dynamics(table: pd.DataFrame) -> Figure:
    """Scores of D-MPC and of the joint model: where they were trained, with a weaker joint, trained longer, and adapted to it; what
    adapting has won."""
    rows = finished(table)
    title = f"One joint is weaker than it was{place(rows)}: D-MPC adapts its dynamics alone"
    figure, (axis, won) = style.canvas(title, 2, "", 4.6, remark(rows, defect(rows), PAIRED, "Dots: single trainings"))
    order, nobody = (WHOLE, BEFORE, LONGER, AFTER), rows.iloc[:0]
    measured = {name: ones for name, ones in methods(rows).items() if len(values(ones, "score"))}
    runs = {name: [worlds(ones).get(world, nobody) for world in order] for name, ones in measured.items()}
    than = {BEFORE: "adapted\nabove not adapted", LONGER: "adapted\nabove longer training"}
    gained = {name: [gains(rows, world).get(name, UNKNOWN) for world in than] for name in runs}
    gained = {name: ones for name, ones in gained.items() if any(math.isfinite(one.mean) for one in ones)}
    if runs:
        found = {name: [score(one) for one in ones] for name, ones in runs.items()}
        points = {name: [singles(one) for one in ones] for name, ones in runs.items()}
        style.clusters(axis, [name.replace(", ", ",\n") for name in order], found, style.looks(METHODS), points)
        axis.set_ylim(top=1.3 * axis.get_ylim()[1])  # for the legend
        style.legend(axis)
    else:
        style.nothing(axis)
    if gained:
        style.clusters(won, list(than.values()), gained, style.looks(METHODS))
        won.axhline(0, color=style.INK, linewidth=0.8)
    else:
        style.nothing(won)
    style.label(axis, "", "score, %")
    style.label(won, "", "points, in pairs of episodes")
    return figure


def defect(rows: pd.DataFrame) -> str:
    """Which joint is weaker, and what it still can."""
    weak = rows[rows["env.defect_joint"] >= 0] if "env.defect_joint" in rows else rows.iloc[:0]
    joint, limit = spelled(weak, "env.defect_joint"), spelled(weak, "env.defect_limit")
    longer = f". {LONGER.partition(', ')[2].capitalize()}: as long as adapting, without the defect" if LONGER in worlds(rows) else ""
    return f"The weaker joint: actuator {joint}, at most {limit} of its torque{longer}" if len(weak) else "No run with a weaker joint yet"


def gains(rows: pd.DataFrame, than: str = BEFORE) -> dict[str, Interval]:
    """Method -> by how many points adapting is better than not, or than training longer, in pairs of episodes."""
    found = {name: worlds(runs) for name, runs in methods(rows).items()}
    return {name: better(ones[AFTER], ones[than]) if {AFTER, than} <= set(ones) else UNKNOWN for name, ones in found.items()}


def novel_dynamics_summary(table: pd.DataFrame) -> list[Row]:
    rows, ours = [], finished(table)
    for name, runs in methods(ours).items():
        for world, ones in worlds(runs).items():
            note = f"the paper's: Walker2d, a medium set of D4RL; {facts(ones)}"
            rows.append(row(f"{METHODS[name]}, {world}", score(ones), "score, %", KEYS.get((name, world), ""), note))
        for than, words in ((BEFORE, "points won by adapting"), (LONGER, "points that adapting is above training longer")):
            rows.append(row(METHODS[name], gains(ours, than)[name], f"{words}, in pairs of episodes", "", facts(runs)))
    return known(rows)


# -- distillation -------------------------------------------------------------------------------------------------------------------------
def distilled(table: pd.DataFrame) -> Figure:
    """The planner, the MLP that has learned from it, and the proposals without ranking: score and time."""
    rows = finished(table)
    found = methods(rows)
    title = f"An MLP that was shown what the planner does{place(rows)}"
    figure, (left, right) = style.canvas(title, 2, "", 4.2, remark(rows, INTERVALS))
    measures = ((left, score, "score", "score, %"), (right, lambda runs: mean(runs, "plan_ms"), "plan_ms", "ms per step and episode"))
    for axis, measure, column, words in measures:
        ones = {name: [measure(runs)] for name, runs in found.items() if len(values(runs, column))}
        if ones:
            style.clusters(axis, [""], ones, style.looks(METHODS))
        else:
            style.nothing(axis)
        style.label(axis, "", words)
    if len(values(rows, "plan_ms")):
        right.set_yscale("log")
    left.set_ylim(top=1.4 * left.get_ylim()[1])  # for the legend
    style.legend(left)
    return figure


def distilled_summary(table: pd.DataFrame) -> list[Row]:
    found = methods(finished(table))
    rows = []
    for name, runs in found.items():
        note = f"the paper's: mean of six sets of D4RL; {facts(runs)}"
        rows.append(row(METHODS[name], score(runs), "score, %", TAUGHT.get(name, ""), note))
        rows.append(row(METHODS[name], mean(runs, "plan_ms"), "ms per step and episode", "", facts(runs)))
    if {"dmpc", "student"} <= set(found):
        gap = better(found["student"], found["dmpc"])
        rows.append(row("the MLP above D-MPC", gap, "points, in pairs of episodes", "", facts(found["student"])))
    return known(rows)
