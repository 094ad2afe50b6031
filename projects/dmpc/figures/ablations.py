"""Parts of D-MPC exchanged (ablations), and what its dynamics get wrong (dynamics_error)."""

import pandas as pd
from matplotlib.figure import Figure

from projects.dmpc.figures import style
from projects.dmpc.figures.reading import PAIRED, better, facts, finished, groups, known, mean, place, remark, score, sets, values, where
from projects.dmpc.published import row
from shared.figures.published import Row
from shared.stats import Interval, mean_interval

# (model.proposal, model.dynamics) -> what it is called
ARMS = {
    ("multi_diffusion", "multi_diffusion"): "D-MPC",
    ("single_mlp", "single_mlp"): "A: MLPs of one step",
    ("single_diffusion", "single_diffusion"): "B: diffusion of one step",
    ("multi_diffusion", "single_mlp"): "C: dynamics an MLP of one step",
    ("multi_diffusion", "single_diffusion"): "C: dynamics diffusion of one step",
    ("multi_diffusion", "multi_mlp"): "C: dynamics a multi-step MLP",
    ("multi_diffusion", "autoregressive"): "C: dynamics autoregressive",
}
WHOLE = "D-MPC"
# arms of the same dynamics, with proposals of one step and of many
PROPOSALS = {"A: MLPs of one step": "C: dynamics an MLP of one step", "B: diffusion of one step": "C: dynamics diffusion of one step"}


def arms(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Name of an arm -> its runs, those that there are."""
    found = {words: where(rows, model__proposal=one, model__dynamics=other) for (one, other), words in ARMS.items()}
    return {words: runs for words, runs in found.items() if len(runs)}


def ablations(table: pd.DataFrame) -> Figure:
    """The score of every arm, and its difference from the whole in pairs of episodes."""
    rows = finished(table)
    found = arms(rows)
    title = f"D-MPC with other parts{place(rows)}"
    figure, (left, right) = style.canvas(title, 2, "", 5.6, remark(rows, PAIRED))
    drawn = {words: score(runs) for words, runs in found.items() if len(values(runs, "score"))}
    gaps = {words: better(runs, found[WHOLE]) for words, runs in found.items() if WHOLE in found and words != WHOLE}
    for axis, ones, x in ((left, drawn, "score, %"), (right, gaps, "points above D-MPC, in pairs of episodes")):
        for spot, (words, one) in enumerate(ones.items()):
            color = style.COLORS["dmpc"] if words == WHOLE else style.INK
            across = [[max(0.0, one.mean - one.low)], [max(0.0, one.high - one.mean)]] if one.n > 1 else None
            axis.errorbar([one.mean], [-spot], xerr=across, color=color, marker="o", markersize=5.5, capsize=2)
        axis.set_yticks([-spot for spot in range(len(ones))], list(ones))
        if not ones:
            style.nothing(axis)
        style.label(axis, x, "")
    if gaps:
        right.axvline(0, color=style.PAPER, linewidth=0.8, linestyle=":")
    return figure


def ablations_summary(table: pd.DataFrame) -> list[Row]:
    found, rows = arms(finished(table)), []
    for words, runs in found.items():
        rows.append(row(words, score(runs), "score, %", "", facts(runs)))
        rows.append(row(words, mean(runs, "plan_ms"), "ms per plan and episode", "", facts(runs)))
        if words != WHOLE and WHOLE in found:
            rows.append(row(words, better(runs, found[WHOLE]), "points above D-MPC, in pairs of episodes", "", facts(runs)))
    for words, other in PROPOSALS.items():
        if {words, other} <= set(found):
            gap = better(found[words], found[other])
            rows.append(row(words, gap, f"points above {other}, in pairs of episodes", "", facts(found[words])))
    return known(rows)


# -- what the dynamics get wrong ----------------------------------------------------------------------------------------------------------
def dynamics_error(table: pd.DataFrame) -> Figure:
    """RMSE against the step of the rollout, one panel per set that it is judged on."""
    rows = finished(table)
    judged = groups(rows, "error.set")
    title = f"Off by how much, step by step: dynamics that learned from {' and '.join(sets(rows))}"
    figure, axes = style.canvas(title, max(len(judged), 1), "", 4.2, remark(rows, "Units: standard deviations of the states in training"))
    for axis, (name, ours) in zip(axes, judged.items(), strict=False):
        drawn = False
        for model, runs in groups(ours, "model.dynamics").items():
            color, words = style.MODELS[model]
            found = by_step(runs, "rmse")
            style.curve(axis, list(found), list(found.values()), color, words, markersize=3)
            drawn |= bool(found)
        still = {step: one.mean for step, one in by_step(ours, "still").items()}
        axis.plot(list(still), list(still.values()), color=style.PAPER, linewidth=0.9, linestyle="--", label="nothing moves")
        if drawn:
            axis.set_yscale("log")
        else:
            style.nothing(axis)
        style.label(axis, "step of the rollout", "RMSE" if axis is axes[0] else "", f"held-out episodes of {name}")
    style.level(axes)
    if judged:
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right upper", fontsize=7.5, frameon=False)
    else:
        style.nothing(axes[0])
    return figure


def by_step(rows: pd.DataFrame, column: str) -> dict[int, Interval]:
    """Step of the rollout -> a number, over trainings; where it was measured."""
    found = rows[["step", column]].dropna() if column in rows else rows.iloc[:0]
    return {step: mean_interval(ones) for step, ones in found.groupby("step")[column]} if len(found) else {}


def ends(rows: pd.DataFrame) -> dict[int, pd.DataFrame]:
    """The first, the middle and the last step of the rollout -> its rows."""
    steps = groups(rows, "step")
    if not steps:
        return {}
    last = max(steps)
    return {step: steps[step] for step in sorted({1, last // 2, last}) if step in steps}


def dynamics_error_summary(table: pd.DataFrame) -> list[Row]:
    rows = []
    for name, ours in groups(finished(table), "error.set").items():
        for model, runs in groups(ours, "model.dynamics").items():
            for step, ones in ends(runs).items():
                setting = f"{name}, {style.MODELS[model][1]}"
                rows.append(row(setting, mean(ones, "rmse"), f"RMSE at step {step}", "", facts(ones)))
                rows.append(row(setting, mean(ones, "median"), f"median over windows at step {step}", "", facts(ones)))
    return known(rows)
