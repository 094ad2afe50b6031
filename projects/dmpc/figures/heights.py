"""A reward that nobody trained for: the torso at a given height (novel_reward)."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from projects.dmpc.figures import style
from projects.dmpc.figures.reading import ENVIRONMENTS, arrays, facts, finished, groups, known, mean, remark, where
from projects.dmpc.published import row
from shared.figures.published import Row
from shared.stats import Interval, mean_interval

# objective.kind -> colour and name
OBJECTIVES = {"return": ("#8a8f98", "learned return"), "height": ("#c8553d", "the height alone"), "sum": ("#d59a2e", "both")}
LONGEST = 200  # steps that are drawn


def targets(rows: pd.DataFrame) -> list[float]:
    """The heights that were asked for, from low to high."""
    asked = rows[rows["objective.kind"] != "return"] if "objective.kind" in rows else rows.iloc[:0]
    return sorted(set(asked["objective.target"])) if len(asked) else []


def asked(rows: pd.DataFrame, target: float) -> dict[str, pd.DataFrame]:
    """objective.kind -> its runs: of this target, and of the learned return, which knows none."""
    found = {kind: where(rows, objective__kind=kind, objective__target=target) for kind in ("height", "sum")}
    found = {"return": where(rows, objective__kind="return")} | found
    return {kind: runs for kind, runs in found.items() if len(runs)}


def heights(rows: pd.DataFrame) -> list[np.ndarray]:
    """Of every run [E, T], NaN behind the end of an episode."""
    return [found["heights"] for found in arrays(rows) if "heights" in found]


def off(rows: pd.DataFrame, target: float) -> Interval:
    """[m] How far the torso was from the target, on average over the steps of an episode; over the episodes of all runs."""
    return mean_interval([np.nanmean(np.abs(episode - target)) for run in heights(rows) for episode in run])


def novel_reward(table: pd.DataFrame) -> Figure:
    """Height over time, one panel per target: the middle half of the episodes, and their median."""
    rows = finished(table)
    wanted = targets(rows)
    where_ours = " and ".join(ENVIRONMENTS.get(name, str(name)) for name in groups(rows, "env.name"))
    title = f"A height that nobody trained for{', ' if where_ours else ''}{where_ours}: the objective changes, no weight does"
    note = remark(rows, "Lines: medians over the episodes that still go on; bands: the middle half")
    figure, axes = style.canvas(title, max(len(wanted), 1), "", 4.0, note)
    for axis, target in zip(axes, wanted, strict=False):
        for kind, runs in asked(rows, target).items():
            color, words = OBJECTIVES[kind]
            for found in heights(runs)[:1]:
                going = found[:, :LONGEST][:, np.isfinite(found[:, :LONGEST]).any(0)]
                low, middle, high = np.nanquantile(going, (0.25, 0.5, 0.75), axis=0)
                axis.plot(middle, color=color, linewidth=1.4, label=words)
                axis.fill_between(np.arange(len(middle)), low, high, color=color, alpha=0.2, linewidth=0)
        axis.axhline(target, color=style.INK, linewidth=0.9, linestyle=":")
        style.label(axis, "step", "height of the torso, m" if axis is axes[0] else "", f"target {target:g} m")
        style.legend(axis)
    if not wanted:
        style.nothing(axes[0])
    return figure


def novel_reward_summary(table: pd.DataFrame) -> list[Row]:
    rows, ours = [], finished(table)
    for target in targets(ours):
        for kind, runs in asked(ours, target).items():
            setting, note = f"target {target:g} m, {OBJECTIVES[kind][1]}", facts(runs)
            rows.append(row(setting, off(runs, target), "distance from the target, m", "", note))
            rows.append(row(setting, mean(runs, "length"), "steps of an episode", "", note))
            if kind != "return":
                rows.append(row(setting, mean(runs, "height_reward"), "novel reward per step", "", note))
    return known(rows)
