"""The score by one number of the planner at a time: candidates, denoising steps, the horizon."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from projects.dmpc.figures import style
from projects.dmpc.figures.reading import INTERVALS, facts, finished, groups, known, mean, place, remark, score, values
from projects.dmpc.published import row
from shared.figures.published import Row

NUMBERS = {
    "plan.candidates": "candidates, N",
    "plan.proposal_steps": "denoising steps of the proposals",
    "plan.dynamics_steps": "denoising steps of the dynamics",
    "windows.horizon": "horizon, F",
}


def candidates(table: pd.DataFrame) -> Figure:
    return drawn(table, "The best of N candidates", "plan.candidates")


def steps(table: pd.DataFrame) -> Figure:
    return drawn(table, "How finely to denoise", "plan.proposal_steps", "plan.dynamics_steps")


def horizon(table: pd.DataFrame) -> Figure:
    return drawn(table, "How far to look ahead", "windows.horizon")


def candidates_summary(table: pd.DataFrame) -> list[Row]:
    return summary(table, "plan.candidates")


def steps_summary(table: pd.DataFrame) -> list[Row]:
    return summary(table, "plan.proposal_steps", "plan.dynamics_steps")


def horizon_summary(table: pd.DataFrame) -> list[Row]:
    return summary(table, "windows.horizon")


def drawn(table: pd.DataFrame, title: str, *fields: str) -> Figure:
    """A panel per field."""
    rows = finished(table)
    figure, axes = style.canvas(f"{title}{place(rows)}", len(fields), "", 5.0 if len(fields) == 1 else 4.2, remark(rows, INTERVALS))
    for axis, field in zip(axes, fields, strict=True):
        by(axis, along(rows, field, fields), field)
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
        for number, runs in along(finished(table), field, fields).items():
            setting = f"{NUMBERS[field]} = {number}"
            rows.append(row(setting, score(runs), "score, %", "", facts(runs)))
            rows.append(row(setting, mean(runs, "plan_ms"), "ms per plan and episode", "", facts(runs)))
    return known(rows)
