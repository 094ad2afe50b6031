"""During training: how paths straighten (Figure 17), LeWM's two losses (Figure 18), PLDM's seven (Figure 19). One row per evaluation."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from projects.lewm.figures import style
from projects.lewm.figures.reading import ENVIRONMENTS, MODELS, facts, finished, groups, known, remark
from projects.lewm.published import row, value
from shared.figures.published import Row
from shared.stats import Interval, mean_interval

SEEDS = "Thick: mean over seeds; thin: seeds"
# PLDM's terms: how Figure 19 calls them, and the field of their weight
TERMS = {
    "prediction": "prediction", "variance": "variance", "covariance": "covariance", "time_similarity": "similarity in time",
    "time_variance": "variance in time", "time_covariance": "covariance in time", "inverse": "inverse model",
}  # fmt: skip
WORLDS = {"tworoom": "#c8553d", "pusht": "#2f6690", "reacher": "#4f8a4c", "cube": "#7a4988"}


def courses(rows: pd.DataFrame, column: str) -> list[pd.Series]:
    """Per run a number by step, where it was measured."""
    if column not in rows:
        return []
    found = [run.set_index("step")[column].dropna().sort_index() for run in groups(rows, "run_id").values()]
    return [one for one in found if len(one)]


def together(lines: Sequence[pd.Series]) -> pd.Series:
    """The mean over runs at the steps that all of them have."""
    return pd.concat(lines, axis=1).dropna().mean(1)


def draw(axis: Axes, rows: pd.DataFrame, column: str, color: str, name: str, **changes: object) -> bool:
    """The mean over seeds, and thin beside it every seed. False where there is nothing."""
    lines = courses(rows, column)
    for line in lines if len(lines) > 1 else ():
        axis.plot(line.index, line.values, color=color, linewidth=0.7, alpha=0.45)
    if lines:
        whole = together(lines)
        look = {"color": color, "linewidth": 1.7, "label": name, "marker": "o", "markersize": 3.5} | changes
        axis.plot(whole.index, whole.values, **look)
    return bool(lines)


def at(rows: pd.DataFrame, column: str, place: int) -> Interval:
    """Over seeds, at the first (0) or the last (-1) evaluation."""
    return mean_interval([float(line.iloc[place]) for line in courses(rows, column)])


def course_rows(name: str, rows: pd.DataFrame, columns: dict[str, str]) -> Iterator[Row]:
    for column, words in columns.items():
        yield row(name, at(rows, column, 0), f"{words}, first evaluation", "", facts(rows))
        yield row(name, at(rows, column, -1), f"{words}, last evaluation", "", facts(rows))


# -- Figure 17 ------------------------------------------------------------------------------------------------------------
def fig17(table: pd.DataFrame) -> Figure:
    """The cosine between successive steps of held-out paths, by environment."""
    rows = finished(table)
    worlds = groups(rows, "env.name")
    title = "Fig. 17  Paths of latents straighten, though nothing asks them to"
    figure, axes = style.canvas(title, max(len(worlds), 1), "", 4.0, remark(rows, SEEDS))
    for axis, (world, ours) in zip(axes, worlds.items(), strict=False):
        drawn = [draw(axis, runs, "val/straightness", style.COLORS[kind], MODELS[kind]) for kind, runs in groups(ours, "loss.kind").items()]
        finish(axis, any(drawn), "cosine of successive steps" if axis is axes[0] else "", ENVIRONMENTS.get(world, world))
        if any(drawn):
            axis.axhline(0, color=style.PAPER, linewidth=0.8, linestyle=":")
    if not worlds:
        style.nothing(axes[0])
    return figure


def finish(axis: Axes, drawn: bool, y: str, title: str) -> None:
    style.label(axis, "step", y, title)
    if drawn:
        style.legend(axis)
    else:
        style.nothing(axis)


def fig17_summary(table: pd.DataFrame) -> list[Row]:
    return known([
        line
        for world, ours in groups(finished(table), "env.name").items()
        for kind, runs in groups(ours, "loss.kind").items()
        for line in course_rows(f"{ENVIRONMENTS.get(world, world)}, {MODELS[kind]}", runs, {"val/straightness": "straightness"})
    ])  # fmt: skip


# -- Figure 18 ------------------------------------------------------------------------------------------------------------
def fig18(table: pd.DataFrame) -> Figure:
    """The prediction error above, SIGReg below, with what they are if nothing moves, of a Gaussian, after a collapse."""
    rows = finished(table)
    worlds = groups(rows, "env.name")
    columns = max(len(worlds), 1)
    title = "Fig. 18  LeWM's two losses, on clips that it is not trained on"
    figure, axes = style.sheet(title, (2, columns), (4.0 * columns + 0.4, 6.2), remark(rows, SEEDS))
    for axis in axes.flat:
        style.plain(axis)
    for (top, bottom), (world, ours) in zip(axes.T, worlds.items(), strict=False):
        drawn = draw(top, ours, "val/prediction", style.COLORS["lewm"], "prediction error")
        draw(top, ours, "val/still", style.PAPER, "error of predicting no change", linestyle="--", marker="")
        finish(top, drawn, "prediction error" if top is axes[0, 0] else "", ENVIRONMENTS.get(world, world))
        top.set_ylim(bottom=0)
        drawn = draw(bottom, ours, "val/sigreg", style.COLORS["lewm"], "")
        batch = int(ours["train.batch_size"].iloc[0])
        levels = {"of a Gaussian": value("sigreg.gaussian"), f"of {batch} latents that are all 0": value("sigreg.collapsed") * batch}
        for words, height in levels.items():
            bottom.axhline(height, color=style.PAPER, linewidth=0.8, linestyle=":")
            text = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "fontsize": 7, "color": style.PAPER}
            bottom.annotate(words, (0.01, height), (0, 2), **text)
        style.log_axis(bottom)
        finish(bottom, drawn, "SIGReg" if bottom is axes[1, 0] else "", "")
    for axis in axes.flat if not worlds else ():
        style.nothing(axis)
    return figure


def fig18_summary(table: pd.DataFrame) -> list[Row]:
    rows = []
    words = {"val/prediction": "prediction error", "val/still": "error of predicting no change", "val/sigreg": "SIGReg"}
    words |= {"latent/std": "standard deviation of a latent", "latent/rank": "effective rank"}
    for world, ours in groups(finished(table), "env.name").items():
        rows += course_rows(ENVIRONMENTS.get(world, world), ours, words)
        rows.append(row(ENVIRONMENTS.get(world, world), at(ours, "val/sigreg", -1), "SIGReg at the end", "sigreg.gaussian", "a Gaussian's"))
    return known(rows)


# -- Figure 19 ------------------------------------------------------------------------------------------------------------
def fig19(table: pd.DataFrame) -> Figure:
    """A panel per term, on training clips, a colour per environment."""
    rows = finished(table)
    worlds = groups(rows, "env.name")
    figure, axes = style.sheet("Fig. 19  PLDM's seven losses", (2, 4), (14.5, 6.0), remark(rows, SEEDS))
    for axis, (term, words) in zip(axes.flat, TERMS.items(), strict=False):
        style.plain(axis)
        names = {world: ENVIRONMENTS.get(world, world) for world in worlds}
        drawn = [draw(axis, ours, f"train/{term}", WORLDS.get(world, style.INK), names[world]) for world, ours in worlds.items()]
        if not any(drawn):
            style.nothing(axis)
        style.label(axis, "step", "", f"{words}{weighed(rows, term)}")
    last = axes.flat[-1]
    last.set_axis_off()
    for world in worlds:
        last.plot([], [], "o-", color=WORLDS.get(world, style.INK), label=ENVIRONMENTS.get(world, world))
    if worlds:
        last.legend(fontsize=9, frameon=False, loc="center")
    return figure


def weighed(rows: pd.DataFrame, term: str) -> str:
    """The weight of a term, in words."""
    if term == "prediction" or f"loss.{term}" not in rows or rows.empty:
        return ""
    weight = rows[f"loss.{term}"].iloc[0]
    return f", weight {weight:g}" if weight else ", watched only"


def fig19_summary(table: pd.DataFrame) -> list[Row]:
    rows = []
    ours = finished(table)
    for term, words in TERMS.items():
        if len(ours) and f"loss.{term}" in ours:
            rows.append(row(words, float(np.mean(ours[f"loss.{term}"])), "weight", f"fig19.weight_{term}"))
    for world, runs in groups(ours, "env.name").items():
        rows += course_rows(f"{ENVIRONMENTS.get(world, world)}, PLDM", runs, {f"train/{term}": words for term, words in TERMS.items()})
    return known(rows)
