"""A reward that nobody trained for: the torso at a given height (novel_reward)."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from projects.dmpc.figures import style
from projects.dmpc.figures.reading import ENVIRONMENTS, episodes, facts, finished, groups, known, mean, over, remark, where
from projects.dmpc.published import row
from shared.figures.published import Row
from shared.stats import Interval

# objective.kind -> colour and name
OBJECTIVES = {"return": ("#8a8f98", "learned return"), "height": ("#c8553d", "the height alone"), "sum": ("#d59a2e", "both")}
LONGEST = 200  # steps that are drawn
SOON = 40  # first steps, in which heights are compared: what it falls by, it does later


def targets(rows: pd.DataFrame) -> list[float]:
    """The heights that were asked for, from low to high."""
    asked = rows[rows["objective.kind"] != "return"] if "objective.kind" in rows else rows.iloc[:0]
    return sorted(set(asked["objective.target"])) if len(asked) else []


def asked(rows: pd.DataFrame, target: float) -> dict[str, pd.DataFrame]:
    """objective.kind -> its runs: of this target, and of the learned return, which knows none."""
    found = {kind: where(rows, objective__kind=kind, objective__target=target) for kind in ("height", "sum")}
    found = {"return": where(rows, objective__kind="return")} | found
    return {kind: runs for kind, runs in found.items() if len(runs)}


def heights(rows: pd.DataFrame) -> np.ndarray:
    """[m] Of all episodes of all runs [E, T], NaN behind the end of each."""
    found = list(episodes(rows, "heights").values())
    longest = max((len(run[0]) for run in found), default=0)
    padded = [np.pad(run, ((0, 0), (0, longest - len(run[0]))), constant_values=np.nan) for run in found]
    return np.concatenate(padded) if padded else np.empty((0, 0))


def reached(rows: pd.DataFrame) -> Interval:
    """[m] On average over the first steps of an episode."""
    return over({training: np.nanmean(run[:, :SOON], 1) for training, run in episodes(rows, "heights").items()})


def nearer(ours: pd.DataFrame, theirs: pd.DataFrame, target: float) -> Interval:
    """[m] How much nearer our torso was to the target than theirs, in pairs of episodes with the same start, on average over the first
    steps that both have: where one falls early, the other's later steps say nothing."""
    one, other = episodes(ours, "heights"), episodes(theirs, "heights")
    found = {}
    for training in one:
        if training in other:
            steps = min(SOON, one[training].shape[1], other[training].shape[1])
            away = [np.abs(run[training][:, :steps] - target) for run in (other, one)]
            found[training] = np.nanmean(away[0] - away[1], 1)
    return over(found)


def novel_reward(table: pd.DataFrame) -> Figure:
    """Height over time, one panel per target: the middle half of the episodes, and their median."""
    rows = finished(table)
    wanted = targets(rows)
    where_ours = " and ".join(ENVIRONMENTS.get(name, str(name)) for name in groups(rows, "env.name"))
    title = f"A height that nobody trained for{', ' if where_ours else ''}{where_ours}: the objective changes, no weight does"
    note = remark(rows, "Lines: medians over the episodes that still go on, as long as half of them do; bands: the middle half")
    figure, axes = style.canvas(title, max(len(wanted), 1), "", 4.0, note)
    for axis, target in zip(axes, wanted, strict=False):
        for kind, runs in asked(rows, target).items():
            color, words = OBJECTIVES[kind]
            found = heights(runs)[:, :LONGEST]
            going = found[:, np.isfinite(found).mean(0) >= 0.5] if len(found) else found
            if going.size:
                low, middle, high = np.nanquantile(going, (0.25, 0.5, 0.75), axis=0)
                axis.plot(middle, color=color, linewidth=1.4, label=words)
                axis.fill_between(np.arange(len(middle)), low, high, color=color, alpha=0.2, linewidth=0)
        if not axis.lines:
            style.nothing(axis)
        axis.axhline(target, color=style.INK, linewidth=0.9, linestyle=":")
        style.label(axis, "step", "height of the torso, m" if axis is axes[0] else "", f"target {target:g} m")
    style.legend(axes[0])
    style.level(axes)
    if not wanted:
        style.nothing(axes[0])
    return figure


def novel_reward_summary(table: pd.DataFrame) -> list[Row]:
    rows, ours = [], finished(table)
    for target in targets(ours):
        for kind, runs in asked(ours, target).items():
            setting, note = f"target {target:g} m, {OBJECTIVES[kind][1]}", facts(runs)
            rows.append(row(setting, reached(runs), f"height in the first {SOON} steps, m", "", note))
            if kind != "return" and "return" in asked(ours, target):
                gap = nearer(runs, asked(ours, target)["return"], target)
                rows.append(row(setting, gap, f"m nearer to it than by the learned return in the first {SOON} steps, in pairs", "", note))
            rows.append(row(setting, mean(runs, "length"), "steps of an episode", "", note))
            if kind != "return":
                rows.append(row(setting, mean(runs, "height_reward"), "novel reward per step", "", note))
    return known(rows)
