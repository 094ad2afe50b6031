"""Reaching goals: Figure 6, its spread over seeds (Table 5) and solvers (Table 10)."""

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from projects.lewm.figures import style
from projects.lewm.figures.reading import (
    CEILINGS,
    ENVIRONMENTS,
    FLOORS,
    MODELS,
    facts,
    finished,
    groups,
    in_places,
    inside,
    known,
    mean,
    places,
    players,
    remark,
    spelled,
    success,
    values,
    where,
)
from projects.lewm.published import row, spread
from shared.figures.published import Row
from shared.stats import Interval

OTHERS = ("dinowm", "gcbc", "gciql", "gcivl")  # whose numbers only the paper has
SOLVERS = {"cem": "CEM", "icem": "iCEM", "mppi": "MPPI", "adam": "Adam", "rmsprop": "RMSProp", "sgd": "SGD"}
INTERVALS = "Intervals: Student's t over seeds where there are several, else Wilson's over pairs"


def fig6(table: pd.DataFrame) -> Figure:
    """Success by environment: models, floors and ceilings; on the right the paper's."""
    rows = finished(table)
    note = remark(rows, INTERVALS, "Dots: single seeds")
    title = "Fig. 6  How often a goal 25 steps away is reached within 50"
    figure, (axis, paper) = style.canvas(title, 1, "paper: 224 px, D = 192, 50 pairs; random play: by others", 6.4, note)
    worlds = groups(rows, "env.name")
    every = [name for name in (*MODELS, *FLOORS, *CEILINGS) if name in players(rows)]
    runs = {name: [players(one).get(name, rows.iloc[:0]) for one in worlds.values()] for name in every}
    if runs:
        found = {name: [success(one) for one in ones] for name, ones in runs.items()}
        points = {name: [100 * values(one, "success") if len(one) > 1 else [] for one in ones] for name, ones in runs.items()}
        style.bars(axis, [ENVIRONMENTS.get(name, name) for name in worlds], found, points)
        style.per_cent(axis, 1.2)
        style.legend(axis, columns=3)
    else:
        style.nothing(axis)
    style.label(axis, "", "success, %")
    found = {name: [spread(f"fig6.{name}_{world}") for world in ENVIRONMENTS] for name in (*MODELS, *OTHERS, "random")}
    style.bars(paper, list(ENVIRONMENTS.values()), found, of_paper=True)
    style.per_cent(paper, 1.2)
    style.legend(paper, columns=4)
    return figure


def fig6_summary(table: pd.DataFrame) -> list[Row]:
    rows = []
    for world, ours in groups(finished(table), "env.name").items():
        for player, runs in players(ours).items():
            name, note = f"{ENVIRONMENTS.get(world, world)}, {style.NAMES[player]}", facts(runs)
            rows.append(row(name, success(runs), "success, %", f"fig6.{player}_{world}", note))
            if player in MODELS:
                rows.append(row(name, mean(runs, "plan_ms"), "ms per plan and pair", "", "pairs are planned for in groups"))
        place, key = ENVIRONMENTS.get(world, world), f"protocol.inside_{world}"
        rows.append(row(place, inside(ours), "starts that are at the goal, %", key, facts(ours)))
    return known(rows)


def table5(table: pd.DataFrame) -> Figure:
    """Every training seed by itself, with Wilson's interval over its pairs."""
    rows = finished(table)
    note = remark(rows, "Whiskers: Wilson's interval over the pairs of one seed; bar: mean over seeds")
    title = f"Table 5  Success of trainings that differ in their seed{in_places(rows)}"
    figure, (axis, paper) = style.canvas(title, 1, "paper: Push-T, 3 seeds, +- standard deviation", 4.6, note)
    for place, (kind, runs) in enumerate(groups(rows, "loss.kind").items()):
        ours = [success(runs[runs["run_id"] == one]) for one in runs.sort_values("seed")["run_id"]]
        spots = place + np.linspace(-0.2, 0.2, len(ours)) if len(ours) > 1 else [place]
        style.curve(axis, spots, ours, style.COLORS[kind], style.NAMES[kind], linewidth=0)
        axis.hlines(mean(runs, "success", 100.0).mean, place - 0.32, place + 0.32, color=style.COLORS[kind], linewidth=2, alpha=0.5)
    if len(rows):
        axis.set_xticks(range(len(groups(rows, "loss.kind"))), [style.NAMES[kind] for kind in groups(rows, "loss.kind")])
        axis.set_xlim(-0.6, len(groups(rows, "loss.kind")) - 0.4)
        style.per_cent(axis)
    else:
        style.nothing(axis)
    style.label(axis, "", "success, %")
    theirs = {"lewm": "LeWM", "pldm": "PLDM", "dinowm_proprio": "DINO-WM, proprioception"}
    style.bars(paper, list(theirs.values()), {"dinowm": [spread(f"table5.{key}") for key in theirs]}, of_paper=True)
    style.per_cent(paper)
    return figure


def table5_summary(table: pd.DataFrame) -> list[Row]:
    rows = finished(table)
    return known([line for kind, runs in groups(rows, "loss.kind").items() for line in over_seeds(runs, MODELS[kind], f"table5.{kind}")])


def over_seeds(runs: pd.DataFrame, name: str, key: str) -> list[Row]:
    """Success and how much it varies between seeds, beside the paper's, which are of Push-T."""
    where_ours = places(runs)
    note = facts(runs) if where_ours == "Push-T" else f"{where_ours}, the paper's in Push-T; {facts(runs)}"
    shares = 100 * values(runs, "success")
    deviation = float(shares.std(ddof=1)) if len(shares) > 1 else math.nan
    lines = [row(name, success(runs), "success, %", key, note)]
    return [*lines, row(name, Interval(deviation, math.nan, math.nan, len(shares)), "deviation over seeds, points", f"{key}_std")]


def table10(table: pd.DataFrame) -> Figure:
    """Success by solver, either model."""
    rows = finished(table)
    note = remark(rows, INTERVALS)
    title = f"Table 10  Success by the solver that plans{in_places(rows)}"
    figure, (axis, paper) = style.canvas(title, 1, "paper: Push-T, 3 seeds, +- standard deviation", 5.4, note)
    solvers = [name for name in SOLVERS if name in groups(rows, "plan.solver")]
    if solvers:
        found = {
            kind: [success(where(runs, plan__solver=solver)) for solver in solvers] for kind, runs in groups(rows, "loss.kind").items()
        }
        style.bars(axis, [SOLVERS[name] for name in solvers], found)
        style.per_cent(axis, 1.12)
        style.legend(axis, columns=2)
    else:
        style.nothing(axis)
    style.label(axis, "", "success, %")
    theirs = [name for name in SOLVERS if math.isfinite(spread(f"table10.lewm_{name}").mean)]
    found = {kind: [spread(f"table10.{kind}_{name}") for name in theirs] for kind in MODELS}
    style.bars(paper, [SOLVERS[name] for name in theirs], found, of_paper=True)
    style.per_cent(paper, 1.12)
    return figure


def table10_summary(table: pd.DataFrame) -> list[Row]:
    rows = []
    for kind, ours in groups(finished(table), "loss.kind").items():
        for solver, runs in groups(ours, "plan.solver").items():
            name = f"{MODELS[kind]}, {SOLVERS[solver]}"
            note = "" if places(runs) == "Push-T" else f"{places(runs)}, the paper's in Push-T; "
            tried = f"{spelled(runs, 'plan.samples')} x {spelled(runs, 'plan.iterations')} tries; "
            rows.append(row(name, success(runs), "success, %", f"table10.{kind}_{solver}", note + tried + facts(runs)))
            rows.append(row(name, mean(runs, "plan_ms"), "ms per plan and pair"))
    return known(rows)
