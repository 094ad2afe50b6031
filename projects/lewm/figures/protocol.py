"""The evaluation looked at: which goals are easy, and the paths that plans took."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from projects.lewm.figures import style
from projects.lewm.figures.reading import (
    FLOORS,
    MODELS,
    arrays,
    facts,
    finished,
    in_places,
    inside,
    known,
    of_pairs,
    places,
    players,
    remark,
    success,
    where,
)
from projects.lewm.published import row, value
from shared.figures.published import Row
from shared.stats import Interval

FIELDS = ("protocol.offset", "protocol.budget", "protocol.held_out", "protocol.pairs")


def protocols(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """In words -> its runs; the paper's first, then from other episodes, then the far goals."""
    if rows.empty or not set(FIELDS) <= set(rows):
        return {}
    found = {}
    for (offset, budget, held_out, pairs), runs in rows.groupby(list(FIELDS), sort=True):
        kind = "held-out episodes" if held_out else "all episodes"
        found[f"{kind}\n{pairs} pairs\n{offset} steps away\n{budget} allowed"] = runs
    return found


def protocol(table: pd.DataFrame) -> Figure:
    """Success of plans and of random play by protocol, and how many starts are at their goals already."""
    rows = finished(table)
    note = remark(rows, "Wilson's intervals over pairs", "Lines: starts that count as the goal already")
    title = f"The protocol: which goals are easy{in_places(rows)}"
    figure, (axis, paper) = style.canvas(title, 1, "reported for the paper's TwoRoom", 5.6, note)
    found = protocols(rows)
    if found:
        who = [name for name in (*MODELS, *FLOORS) if any(name in players(runs) for runs in found.values())]
        ours = {name: [success(players(runs).get(name, rows.iloc[:0])) for runs in found.values()] for name in who}
        style.bars(axis, list(found), ours)
        for place, runs in enumerate(found.values()):
            axis.hlines(inside(runs).mean, place - 0.44, place + 0.44, color=style.INK, linewidth=1, linestyle=":")
        axis.tick_params(axis="x", labelsize=7)
        style.per_cent(axis, 1.1)
        style.legend(axis, columns=2)
    else:
        style.nothing(axis)
    style.label(axis, "", "success, %")
    near = [value("fig6.rerun_lewm_tworoom"), value("fig6.random_tworoom")]
    low, high = value("protocol.far_lewm_low"), value("protocol.far_lewm_high")
    theirs = {
        "lewm": [Interval(near[0], math.nan, math.nan, 1), Interval((low + high) / 2, low, high, 1)],
        "random": [Interval(near[1], math.nan, math.nan, 1), Interval(value("fig6.random_plotted_tworoom"), math.nan, math.nan, 1)],
    }
    style.bars(paper, ["50 pairs\n25 steps away\n50 allowed", "50 pairs\n100 steps away\n150 allowed"], theirs, of_paper=True)
    paper.hlines(value("protocol.inside_tworoom"), -0.44, 0.44, color=style.PAPER, linewidth=1, linestyle=":")
    paper.tick_params(axis="x", labelsize=7)
    style.per_cent(paper, 1.1)
    return figure


def protocol_summary(table: pd.DataFrame) -> list[Row]:
    rows = []
    for words, runs in protocols(finished(table)).items():
        near = "25 steps" in words and places(runs) == "TwoRoom"
        keys = {"lewm": "fig6.rerun_lewm_tworoom", "random": "fig6.random_tworoom"} if near else {}
        flat = words.replace("\n", ", ")
        for player, ones in players(runs).items():
            rows.append(row(f"{flat}: {style.NAMES[player]}", success(ones), "success, %", keys.get(player, ""), facts(ones)))
        rows.append(row(flat, inside(runs), "starts that are at the goal, %", "protocol.inside_tworoom" if near else ""))
        apart, key = of_pairs(runs, "apart/agent_location"), "protocol.distance_tworoom" if near else ""
        rows.append(row(flat, apart, "median distance from start to goal", key))
    return known(rows)


def plans(table: pd.DataFrame) -> Figure:
    """Where plans led in TwoRoom: the room with the agent at its start, its path and its goal."""
    rows = where(finished(table), env__name="tworoom")
    note = remark(rows, "Squares: where it looked and planned again")
    found = next((one for one in arrays(rows) if "states" in one), None)
    count = len(found["states"]) if found else 1
    columns = min(4, count)
    height = -(-count // columns)
    title = f"Plans in TwoRoom: {success(rows).mean:.3g}% of all reach their goal" if found else "Plans in TwoRoom"
    figure, axes = style.sheet(title, (height, columns), (2.5 * columns + 0.6, 2.7 * height + 0.8), note)
    for axis in axes.flat:
        axis.set_axis_off()
    if not found:
        style.nothing(axes[0, 0])
        return figure
    again = int(rows["plan.horizon"].iloc[0] * rows["clips.frameskip"].iloc[0])
    for axis, states, goal in zip(axes.flat, found["states"], found["goals"], strict=False):
        path(axis, states, goal, again)
    return figure


def path(axis: Axes, states: np.ndarray, goal: np.ndarray, again: int) -> None:
    """States [T, 2], NaN behind the end, drawn over the room."""
    from projects.lewm.envs.tworoom import GOAL_RADIUS, SIZE, draw

    way, reached = states[np.isfinite(states).all(1)], arrival(states, goal)
    axis.imshow(draw(states[0], SIZE, False), interpolation="bilinear")
    axis.add_patch(Circle(goal, GOAL_RADIUS, facecolor="#4f8a4c33", edgecolor="#4f8a4c", linewidth=1.2))
    color = style.COLORS["pldm"] if reached else style.INK
    axis.plot(*way.T, "-", color=color, linewidth=1.3)
    axis.plot(*way[again:-1:again].T, "s", color=color, markersize=4.5)
    axis.plot(*way[reached or -1], "o", color=color, markersize=4.5)
    words = f"there after {reached} step{'s' if reached > 1 else ''}" if reached else f"not there after {len(way) - 1} steps"
    axis.set_title(words, fontsize=8, color=color, loc="left")


def arrival(states: np.ndarray, goal: np.ndarray) -> int:
    """The first step at the goal; 0 where there was none. The start does not count."""
    from projects.lewm.envs.tworoom import GOAL_RADIUS

    there = np.linalg.norm(states[1:] - goal, axis=1) < GOAL_RADIUS  # NaN is nowhere
    return int(there.argmax()) + 1 if there.any() else 0


def plans_summary(table: pd.DataFrame) -> list[Row]:
    rows = where(finished(table), env__name="tworoom")
    if rows.empty:
        return []
    lines = [row("TwoRoom, LeWM", success(rows), "success, %", "fig6.lewm_tworoom", facts(rows))]
    for one in arrays(rows):
        steps = [arrival(states, goal) for states, goal in zip(one["states"], one["goals"], strict=True)]
        lines.append(row("drawn plans", 100 * float(np.mean(np.array(steps) > 0)), "success, %", "", f"the first {len(steps)} pairs"))
        if any(steps):
            lines.append(row("drawn plans", float(np.mean([step for step in steps if step])), "steps until the goal was reached"))
    return known(lines)
