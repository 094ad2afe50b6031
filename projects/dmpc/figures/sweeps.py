"""The score by one number of the planner at a time: candidates, denoising steps, the horizon; the last with ranking and without."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from projects.dmpc.figures import style
from projects.dmpc.figures.reading import (
    INTERVALS,
    METHODS,
    better,
    facts,
    finished,
    groups,
    known,
    mean,
    methods,
    place,
    remark,
    score,
    values,
)
from projects.dmpc.published import row
from shared.figures.published import Row

NUMBERS = {
    "plan.candidates": "candidates, N",
    "plan.proposal_steps": "denoising steps of the proposals",
    "plan.dynamics_steps": "denoising steps of the dynamics",
}


def candidates(table: pd.DataFrame) -> Figure:
    return drawn(table, "The best of N candidates", "plan.candidates")


def steps(table: pd.DataFrame) -> Figure:
    return drawn(table, "How finely to denoise", "plan.proposal_steps", "plan.dynamics_steps")


def candidates_summary(table: pd.DataFrame) -> list[Row]:
    return summary(table, "plan.candidates")


def steps_summary(table: pd.DataFrame) -> list[Row]:
    return summary(table, "plan.proposal_steps", "plan.dynamics_steps")


def drawn(table: pd.DataFrame, title: str, *fields: str) -> Figure:
    """A panel per field."""
    rows = finished(table)
    figure, axes = style.canvas(f"{title}{place(rows)}", len(fields), "", 5.0 if len(fields) == 1 else 4.2, remark(rows, INTERVALS))
    for axis, field in zip(axes, fields, strict=True):
        by(axis, along(rows, field, fields), field)
    style.level(axes)
    return figure


def along(rows: pd.DataFrame, field: str, fields: tuple[str, ...]) -> dict[object, pd.DataFrame]:
    """Value of a field -> its runs; of a sweep that varies several fields by turns, those in which the others are as in most runs."""
    for other in set(fields) - {field}:
        if len(rows) and other in rows:
            rows = rows[rows[other] == rows[other].mode()[0]]
    return {number: runs for number, runs in groups(rows, field).items() if len(values(runs, "score"))}


def by(axis: Axes, found: dict[object, pd.DataFrame], field: str) -> None:
    if found:
        style.log_ticks(axis, list(found))
        style.curve(axis, list(found), [score(runs) for runs in found.values()], style.COLORS["dmpc"], "")
    else:
        style.nothing(axis)
    style.label(axis, NUMBERS[field], "score, %")


def summary(table: pd.DataFrame, *fields: str) -> list[Row]:
    rows = []
    for field in fields:
        found = along(finished(table), field, fields)
        least = min(found, default=None)
        for number, runs in found.items():
            setting = f"{NUMBERS[field]} = {number}"
            rows.append(row(setting, score(runs), "score, %", "", facts(runs)))
            rows.append(row(setting, mean(runs, "plan_ms"), "ms per plan and episode", "", facts(runs)))
            if number != least:
                unit = f"points above {NUMBERS[field]} = {least}, in pairs of episodes"
                rows.append(row(setting, better(runs, found[least]), unit, "", facts(runs)))
    return known(rows)


# -- over the horizon, with ranking and without ----------------------------------------------------------------------------------------
def lengths(rows: pd.DataFrame) -> dict[str, dict[object, pd.DataFrame]]:
    """A name of METHODS -> horizon -> its runs."""
    found = {name: along(runs, "windows.horizon", ()) for name, runs in methods(rows).items()}
    return {name: runs for name, runs in found.items() if runs}


def horizon(table: pd.DataFrame) -> Figure:
    rows = finished(table)
    figure, (axis,) = style.canvas(f"How far to look ahead{place(rows)}", 1, "", 5.0, remark(rows, INTERVALS))
    found = lengths(rows)
    for name, runs in found.items():
        style.curve(axis, list(runs), [score(ones) for ones in runs.values()], style.COLORS[name], METHODS[name])
    if found:
        style.log_ticks(axis, list(groups(rows, "windows.horizon")))
        style.legend(axis)
    else:
        style.nothing(axis)
    style.label(axis, "horizon, F", "score, %")
    return figure


def horizon_summary(table: pd.DataFrame) -> list[Row]:
    found, rows = lengths(finished(table)), []
    for name, runs in found.items():
        for number, ones in runs.items():
            setting = f"{METHODS[name]}, F = {number}"
            rows.append(row(setting, score(ones), "score, %", "", facts(ones)))
            rows.append(row(setting, mean(ones, "plan_ms"), "ms per plan and episode", "", facts(ones)))
            if name == "dmpc" and number in found.get("policy", {}):
                gap = better(ones, found["policy"][number])
                rows.append(row(setting, gap, "points above N = 1, in pairs of episodes", "", facts(ones)))
    return known(rows)
