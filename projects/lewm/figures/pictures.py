"""What a model imagines, in pictures: open-loop rollouts (Figures 7 and 11, the demo's), and reconstructions as it learns (Figure 8)."""

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from projects.lewm.figures import style
from projects.lewm.figures.reading import ENVIRONMENTS, arrays, facts, finished, groups, known, mean, number, remark, values
from projects.lewm.published import row
from shared.figures.published import Row
from shared.stats import Interval

STRIPS = {"real": "what happened", "decoded": "its latents, decoded", "imagined": "imagined, decoded"}
QUOTED = (1, 5, 10)  # steps ahead in the table
ERRORS = {
    "imagine/latent": "latent error, imagined", "imagine/latent_still": "latent error, no motion", "imagine/pixel": "pixel error, imagined",
    "imagine/pixel_still": "pixel error, no motion", "imagine/pixel_decoded": "pixel error, decoder alone",
}  # fmt: skip


# -- Figures 7 and 11, the demo -------------------------------------------------------------------------------------------
def fig7(table: pd.DataFrame) -> Figure:
    """Every environment: the path in which most happens, and the errors over all paths."""
    return imagined(table, "Figs. 7 and 11  Imagined from three frames and the actions", 1)


def demo(table: pd.DataFrame) -> Figure:
    """Both paths of the one environment."""
    return imagined(table, "What LeWM imagines, from three frames and the actions", 2)


def imagined(table: pd.DataFrame, title: str, paths: int) -> Figure:
    rows = finished(table)
    blocks = [
        (ENVIRONMENTS.get(world, world), runs, found, path)
        for world, runs in groups(rows, "env.name").items()
        for found in [found for found in arrays(runs) if "real" in found][:1]
        for path in liveliest(found)[:paths]
    ]
    words = "Episodes that were not trained on; errors: mean over paths. Heads: model steps ahead, 5 environment steps each"
    height = max(len(blocks), 1)
    layout = {"width_ratios": [2.9, 1.0]}
    figure, axes = style.sheet(title, (height, 2), (14.0, 3.1 * height + 0.8), remark(rows, words), gridspec_kw=layout)
    for (left, right), (name, runs, found, path) in zip(axes, blocks, strict=False):
        steps = found["steps"]
        heads = [f"+{step}" if step > 0 else "given" for step in steps]
        style.film(left, {words: found[strip][path] for strip, words in STRIPS.items()}, heads, given=int((steps <= 0).sum()))
        left.set_title(name, fontsize=10, color=style.INK, loc="left", pad=14)
        style.plain(right)
        errors(right, runs)
    if not blocks:
        style.nothing(axes[0, 0])
        axes[0, 1].set_axis_off()
    return figure


def liveliest(found: dict[str, np.ndarray]) -> np.ndarray:
    """The paths, those first in which most changes after the last frame given."""
    real = found["real"].astype(float)  # [paths, columns, h, w, 3]
    last = int((found["steps"] <= 0).sum()) - 1
    return np.argsort(-np.abs(real - real[:, last : last + 1]).mean((1, 2, 3, 4)), kind="stable")


def errors(axis: Axes, runs: pd.DataFrame) -> None:
    """The error of imagined latents by step, against no motion."""
    if "horizon" not in runs or not len(values(runs, "imagine/latent")):
        return style.nothing(axis)
    ours = runs.sort_values("horizon")
    axis.plot(ours["horizon"], ours["imagine/latent"], "o-", markersize=3.5, color=style.COLORS["lewm"], label="imagined")
    axis.plot(ours["horizon"], ours["imagine/latent_still"], "--", color=style.PAPER, label="no motion")
    axis.set_ylim(bottom=0)
    style.label(axis, "model steps ahead", "", "error of latents")
    return style.legend(axis)


def imagined_summary(table: pd.DataFrame) -> list[Row]:
    worlds = groups(finished(table), "env.name")
    return known([line for world, runs in worlds.items() for line in horizons(ENVIRONMENTS.get(world, world), runs)])


def horizons(name: str, runs: pd.DataFrame) -> Iterator[Row]:
    """The errors at some steps, and at the last."""
    if "horizon" not in runs:
        return
    last = int(np.max(values(runs, "horizon"), initial=0))
    for step in sorted({*(one for one in QUOTED if one < last), last}):
        ours = runs[runs["horizon"] == step]
        for column, words in ERRORS.items():
            yield row(f"{name}, {step} ahead", mean(ours, column), words, "", facts(ours))
    yield row(name, mean(runs, "val/reconstruction"), "pixel error of the decoder on held-out frames", "", facts(runs))


def fig7_summary(table: pd.DataFrame) -> list[Row]:
    return imagined_summary(table)


def demo_summary(table: pd.DataFrame) -> list[Row]:
    return imagined_summary(table)


# -- Figure 8 -------------------------------------------------------------------------------------------------------------
def lengths(table: pd.DataFrame) -> dict[int, pd.DataFrame]:
    return groups(finished(table), "train.steps")


def fig8(table: pd.DataFrame) -> Figure:
    """The same frames decoded from the latents of ever longer trainings, and the error by length."""
    rows, found = finished(table), lengths(table)
    seen = {steps: arrays(runs)[0] for steps, runs in found.items() if arrays(runs) and "decoded" in arrays(runs)[0]}
    height = 0.95 * (len(seen) + 1) + 1.1
    layout = {"width_ratios": [2.6, 1.0]}
    note = remark(rows, "Every row has a decoder of its own")
    title = "Fig. 8  What latents hold as training goes on"
    figure, [[left, right]] = style.sheet(title, (1, 2), (12.5, max(3.4, height)), note, gridspec_kw=layout)
    style.plain(right)
    if seen:
        frames = np.concatenate(list(next(iter(seen.values()))["real"]))  # of all paths: [columns, h, w, 3]
        chosen = np.linspace(0, len(frames) - 1, min(9, len(frames))).round().astype(int)
        strips = {"what happened": frames[chosen]}
        strips |= {f"{number(steps)} steps": np.concatenate(list(one["decoded"]))[chosen] for steps, one in seen.items()}
        style.film(left, strips, [""] * len(chosen), given=0)
    else:
        style.nothing(left)
    lasting = {steps: mean(runs, "val/reconstruction") for steps, runs in found.items()}
    lasting = {steps: one for steps, one in lasting.items() if math.isfinite(one.mean)}
    if lasting:
        style.curve(right, list(lasting), list(lasting.values()), style.COLORS["lewm"], "")
        style.log_ticks(right, list(lasting), [number(steps) for steps in lasting])
        right.set_ylim(0, 1.15 * max(one.mean for one in lasting.values()))
    else:
        style.nothing(right)
    style.label(right, "steps of training", "", "pixel error on held-out frames")
    return figure


def fig8_summary(table: pd.DataFrame) -> list[Row]:
    lines = []
    for steps, runs in lengths(table).items():
        name = f"{number(steps)} steps"
        lines.append(row(name, mean(runs, "val/reconstruction"), "pixel error on held-out frames", "", facts(runs)))
        lines.append(row(name, last(runs), "latent error of the last imagined step over no motion's"))
    return known(lines)


def last(runs: pd.DataFrame) -> Interval:
    """NaN where nothing moved."""
    ours, still = (mean(runs, column).mean for column in ("imagine/latent", "imagine/latent_still"))
    return Interval(ours / still if still else math.nan, math.nan, math.nan, len(runs))
