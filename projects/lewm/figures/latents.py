"""What the latents tell: probes (Tables 1, 3 and 4), their neighbourhoods (Figure 9), and what is left of them without SIGReg."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from projects.lewm.figures import style
from projects.lewm.figures.reading import (
    ENVIRONMENTS,
    MODELS,
    arrays,
    facts,
    finished,
    groups,
    in_places,
    known,
    mean,
    remark,
    values,
)
from projects.lewm.published import published, row, value
from shared.figures.published import Row
from shared.stats import Interval

PROBES = {"linear": "linear", "mlp": "MLP"}
PRINTED = (*MODELS, "dinowm")  # models of the paper's tables
Line = tuple[str, str]  # a quantity and a kind of probe
LEAST = 5e-4  # what the paper prints as 0.000 is less


# -- Tables 1, 3 and 4 ----------------------------------------------------------------------------------------------------
def quantities(rows: pd.DataFrame) -> list[str]:
    """What was probed for, in the order of the columns."""
    return list(dict.fromkeys(name.split("/")[1] for name in rows if name.startswith("probe/") and len(values(rows, name))))


def printed(table: str) -> list[str]:
    """What a table of the paper probes for."""
    first, last = f"{table}.lewm_", "_linear_r"
    return [key.removeprefix(first).removesuffix(last) for key in published() if key.startswith(first) and key.endswith(last)]


def probed(table: pd.DataFrame, name: str, title: str) -> Figure:
    """Errors of both probes, a line per quantity and probe, r beside them; the paper's on the right."""
    rows = finished(table)
    note = remark(rows, "Errors in standard deviations squared, on episodes of their own: 1 says that nothing was read")
    asked, theirs = lines(quantities(rows)), lines(printed(name))
    figure, (axis, paper) = style.canvas(title, 1, "paper: 224 px, D = 192", 5.8, note)
    figure.set_figheight(max(3.4, 0.42 * max(len(asked), len(theirs)) + 1.5))
    found = {kind: {key: measured(runs, *key) for key in asked} for kind, runs in groups(rows, "loss.kind").items()}
    if asked:
        dots(axis, asked, found, hollow=False)
    else:
        style.nothing(axis)
    dots(paper, theirs, {kind: {key: of_paper(name, kind, *key) for key in theirs} for kind in PRINTED}, hollow=True)
    for one in (axis, paper) if asked else (paper,):
        style.label(one, "mean squared error; Pearson's r beside it", "")
    return figure


def lines(asked: list[str]) -> list[Line]:
    return [(quantity, probe) for quantity in asked for probe in PROBES]


def measured(runs: pd.DataFrame, quantity: str, probe: str) -> tuple[Interval, float]:
    """Error and r of a probe, over seeds."""
    return mean(runs, f"probe/{quantity}/{probe}/mse"), mean(runs, f"probe/{quantity}/{probe}/r").mean


def of_paper(table: str, kind: str, quantity: str, probe: str) -> tuple[Interval, float]:
    """The paper's error and r. Its deviations are over frames, not over trainings, and are left to the table of numbers."""
    key = f"{table}.{kind}_{quantity}_{probe}"
    return Interval(value(f"{key}_mse"), math.nan, math.nan, 1), value(f"{key}_r")


def dots(axis: Axes, names: list[Line], found: dict[str, dict[Line, tuple[Interval, float]]], hollow: bool) -> None:
    """One line of dots per model, a little apart."""
    for place, (kind, ours) in enumerate(found.items()):
        color = style.COLORS[kind]
        for line, key in enumerate(names):
            error, r = ours[key]
            if not math.isfinite(error.mean):
                continue
            at, y = max(error.mean, LEAST), line + 0.24 * (place - (len(found) - 1) / 2)
            left, right = (max(end, LEAST) if math.isfinite(end) else at for end in (error.low, error.high))
            axis.plot([left, right], [y, y], color=color, linewidth=1)
            marker = "<" if error.mean < LEAST else "o"
            axis.plot(at, y, marker, markersize=5, color=color, markerfacecolor="none" if hollow else color)
            words = f"r {r:.3f}"
            axis.annotate(words, (right, y), (5, 0), textcoords="offset points", fontsize=6.5, va="center", color=color)
    axis.axvline(1, color=style.PAPER, linewidth=0.8, linestyle=":")
    axis.set_xscale("log")
    axis.set_xlim(LEAST * 0.7, 25)
    axis.set_yticks(range(len(names)), [f"{quantity.replace('_', ' ')}, {PROBES[probe]}" for quantity, probe in names])
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.grid(axis="y", visible=False)
    axis.grid(axis="x", color="#e6e6e2", linewidth=0.7)
    fill = {"markerfacecolor": "none"} if hollow else {}
    marks = [Line2D([], [], marker="o", linewidth=0, color=style.COLORS[kind], **fill) for kind in found]
    above = {"loc": "lower right", "bbox_to_anchor": (1, 1), "ncols": len(found), "columnspacing": 1}
    axis.legend(marks, [style.NAMES[kind] for kind in found], fontsize=7.5, frameon=False, handletextpad=0.2, **above)


def probed_summary(table: pd.DataFrame, name: str) -> list[Row]:
    """Error, its deviation over frames, and r, by model, quantity and probe; what the paper calls overall is the mean over quantities."""
    rows = []
    for kind, runs in groups(finished(table), "loss.kind").items():
        asked = quantities(runs)
        for quantity, probe in lines(asked):
            setting = f"{MODELS[kind]}, {quantity.replace('_', ' ')}, {PROBES[probe]}"
            column, key = f"probe/{quantity}/{probe}", f"{name}.{kind}_{quantity}_{probe}"
            rows.append(row(setting, mean(runs, f"{column}/mse"), "mean squared error", f"{key}_mse", facts(runs)))
            rows.append(row(setting, mean(runs, f"{column}/mse_std"), "its deviation over frames", f"{key}_mse_std"))
            rows.append(row(setting, mean(runs, f"{column}/r"), "Pearson's r", f"{key}_r"))
        for probe in PROBES if len(asked) > 1 else ():
            for number, words in (("mse", "mean squared error"), ("r", "Pearson's r")):
                overall = float(np.mean([mean(runs, f"probe/{quantity}/{probe}/{number}").mean for quantity in asked]))
                rows.append(row(f"{MODELS[kind]}, overall, {PROBES[probe]}", overall, words, f"{name}.{kind}_overall_{probe}_{number}"))
    return known(rows)


def table1(table: pd.DataFrame) -> Figure:
    """Push-T."""
    return probed(table, "table1", "Table 1  What can be read from latents of Push-T")


def table1_summary(table: pd.DataFrame) -> list[Row]:
    return probed_summary(table, "table1")


def table3(table: pd.DataFrame) -> Figure:
    """TwoRoom."""
    return probed(table, "table3", "Table 3  The agent's place, read from latents of TwoRoom")


def table3_summary(table: pd.DataFrame) -> list[Row]:
    return probed_summary(table, "table3")


def table4(table: pd.DataFrame) -> Figure:
    """The cube."""
    return probed(table, "table4", "Table 4  What can be read from latents of the cube")


def table4_summary(table: pd.DataFrame) -> list[Row]:
    return probed_summary(table, "table4")


# -- Figure 9 -------------------------------------------------------------------------------------------------------------
PLACES = ("block_location", "agent_location", "joint_angles", "block_position")  # of a grid the one that tells a state
DOWN = ("agent_location", "block_location")  # whose y grows downwards, as in pictures
KEPT = {"latent": "latents", "plane": "plane", "chance": "chance"}


def located(found: dict[str, np.ndarray]) -> tuple[str, np.ndarray] | None:
    """What a run's latents show, by name, as places in the plane [N, 2]; angles come as cosines and then sines."""
    for name in PLACES:
        if "plane" in found and f"quantity_{name}" in found:
            true = found[f"quantity_{name}"]
            return name, np.arctan2(true[:, 2:4], true[:, :2]) if name == "joint_angles" else true[:, :2]
    return None


def fig9(table: pd.DataFrame) -> Figure:
    """True places in colours of two dimensions, and t-SNE's plane in the same colours: where it is smooth, neighbours stayed neighbours."""
    rows = finished(table)
    worlds = {world: (runs, found) for world, runs in groups(rows, "env.name").items() for found in arrays(runs)[:1] if located(found)}
    title, width = "Fig. 9  Latents in the plane: neighbours stay neighbours", max(len(worlds), 1)
    figure, axes = style.sheet(title, (2, width), (3.3 * width + 0.4, 7.0), remark(rows, shown(rows)))
    for axis in axes.flat:
        axis.set_axis_off()
    for (top, bottom), (world, (runs, found)) in zip(axes.T, worlds.items(), strict=False):
        name, true = located(found)
        coloured(top, true, true, f"{ENVIRONMENTS.get(world, world)}: true {name.replace('_', ' ')}")
        if name in DOWN:
            top.invert_yaxis()
        kept = ", ".join(f"{words} {mean(runs, f'neighbours/{key}').mean:.0%}" for key, words in KEPT.items())
        coloured(bottom, found["plane"], true, f"its latents. Of the 10 nearest, near in truth:\n{kept}")
    if not worlds:
        style.nothing(axes[0, 0])
    return figure


def coloured(axis: Axes, points: np.ndarray, true: np.ndarray, title: str) -> None:
    """Points [N, 2] in the colours of their true places."""
    axis.scatter(*points.T, c=style.colours(true), s=12, linewidths=0)
    axis.set_title(title, fontsize=8.5, color=style.INK, loc="left")
    axis.set_aspect("equal")


def shown(rows: pd.DataFrame) -> str:
    return f"{max((len(found['plane']) for found in arrays(rows) if 'plane' in found), default=0):,} latents laid out by t-SNE"


def fig9_summary(table: pd.DataFrame) -> list[Row]:
    rows = []
    for world, runs in groups(finished(table), "env.name").items():
        name, note = ENVIRONMENTS.get(world, world), f"{facts(runs)}, {shown(runs)}"
        rows += [
            row(name, mean(runs, f"neighbours/{key}", 100.0), f"of the 10 nearest near in truth, {words}, %", "", note)
            for key, words in KEPT.items()
        ]
    return known(rows)


# -- the twins ------------------------------------------------------------------------------------------------------------
def twins(table: pd.DataFrame) -> dict[float, pd.DataFrame]:
    """lambda -> its runs, without SIGReg last."""
    return dict(sorted(groups(finished(table), "loss.sigreg").items(), reverse=True))


def collapse(table: pd.DataFrame) -> Figure:
    """Spread, rank, SIGReg and what probes read, with SIGReg and without."""
    rows, found = finished(table), twins(table)
    note = remark(rows, "The rank sees no scale: noise about one point has a high one")
    figure, axes = style.canvas(f"Twins: a training with SIGReg, and the same without{in_places(rows)}", 4, "", 2.9, note)
    names = [f"lambda = {weight:g}" for weight in found]
    panels = {"latent/std": "standard deviation of a latent", "latent/rank": "effective rank", "latent/sigreg": "SIGReg"}
    for axis, (column, words) in zip(axes, panels.items(), strict=False):
        columns(axis, names, [mean(runs, column) for runs in found.values()], words)
    read(axes[3], names, list(found.values()), quantities(rows)[:1])
    if found:
        batch, width = (int(rows[field].iloc[0]) for field in ("train.batch_size", "latent.width"))
        level(axes[0], 1, "")
        level(axes[1], width, "D")
        level(axes[2], value("sigreg.gaussian"), "Gaussian")
        level(axes[2], value("sigreg.collapsed") * batch, f"{batch} alike")
        style.log_axis(axes[2])
        axes[2].set_ylim(0.5, 1.6 * value("sigreg.collapsed") * batch)
    return figure


def level(axis: Axes, height: float, words: str) -> None:
    axis.axhline(height, color=style.PAPER, linewidth=0.8, linestyle=":")
    axis.annotate(words, (1.01, height), xycoords=("axes fraction", "data"), va="center", fontsize=7, color=style.PAPER)


def read(axis: Axes, names: list[str], found: list[pd.DataFrame], asked: list[str]) -> None:
    """r of both probes of one quantity."""
    for quantity in asked:
        for shift, alpha, (probe, words) in zip((-0.2, 0.2), (0.5, 1.0), PROBES.items(), strict=True):
            ours = [mean(runs, f"probe/{quantity}/{probe}/r").mean for runs in found]
            axis.bar(np.arange(len(names)) + shift, ours, 0.36, color=style.COLORS["lewm"], alpha=alpha, label=f"{words} probe")
        axis.set_xticks(range(len(names)), names)
        axis.set_ylim(top=1.3)
        style.legend(axis, columns=2)
    if not asked:
        style.nothing(axis)
    style.label(axis, "", "", f"r of the {asked[0].replace('_', ' ')}" if asked else "r of probes")


def columns(axis: Axes, names: list[str], ours: list[Interval], words: str) -> None:
    if any(math.isfinite(one.mean) for one in ours):
        style.bars(axis, names, {"lewm": ours})
        axis.margins(y=0.15)
    else:
        style.nothing(axis)
    style.label(axis, "", "", words)


def collapse_summary(table: pd.DataFrame) -> list[Row]:
    rows = []
    for weight, runs in twins(table).items():
        name, batch = f"lambda = {weight:g}", int(runs["train.batch_size"].iloc[0])
        rows.append(row(name, mean(runs, "latent/std"), "standard deviation of a latent", "", facts(runs)))
        rows.append(row(name, mean(runs, "latent/rank"), "effective rank"))
        rows.append(row(name, mean(runs, "latent/sigreg"), "SIGReg", *(("sigreg.gaussian", "a Gaussian's") if weight else ())))
        if not weight:
            rows.append(row(name, mean(runs, "latent/sigreg", 1 / batch), "SIGReg per clip of a batch", "sigreg.collapsed", "a constant's"))
        rows.append(row(name, mean(runs, "latent/straightness"), "straightness"))
        for quantity, probe in lines(quantities(runs)):
            words = f"{name}, {quantity.replace('_', ' ')}, {PROBES[probe]}"
            rows.append(row(words, mean(runs, f"probe/{quantity}/{probe}/r"), "Pearson's r"))
    return known(rows)
