"""Figure 1 (d): a Gaussian process on altered labels."""

import pandas as pd
from matplotlib.figure import Figure

from projects.generalization.figures import style
from projects.generalization.figures.reading import distinct, finished, over_seeds, pictures, where
from projects.generalization.figures.style import COLORS
from projects.generalization.published import row, value
from shared.figures.published import Row

QUANTITIES = {"train_error": "training error", "test_error": "test error", "evidence": "log evidence per point and class"}


def spelled(length: float) -> str:
    return "length-scale: the median distance" + ("" if length == 1 else f" / {1 / length:g}")


def gp(table: pd.DataFrame) -> Figure:
    """Errors on the left axis, evidence on the right, a panel per length-scale."""
    done = finished(table)
    lengths = distinct(done, "gp.lengthscale")
    note = f"{pictures(done, 'CIFAR-10')}. Altered: a draw over all classes, so that one in ten keeps its own. Means over seeds, 95%"
    title = "Fig. 1 (d)  A Gaussian process fits any labels, and its evidence falls"
    figure, axes = style.canvas(title, max(len(lengths), 1), "", 5.0, note if len(done) else "")
    for axis, length in zip(axes, lengths, strict=False):
        rows = where(done, gp__lengthscale=length)
        for name, color in (("train_error", "train"), ("test_error", "test")):
            style.curve(axis, *over_seeds(rows, "altered", name), COLORS[color], QUANTITIES[name])
        axis.axhline(value("gp.chance"), color=style.PAPER, linewidth=0.8, linestyle=":")
        axis.set_ylim(-0.03, 1.0)
        style.label(axis, "altered labels, share", "error", spelled(length))
        right = axis.twinx()
        style.plain(right)
        right.spines["right"].set_visible(True)
        right.grid(False)
        style.curve(right, *over_seeds(rows, "altered", "evidence"), COLORS["evidence"], QUANTITIES["evidence"], marker="s")
        style.label(right, "", QUANTITIES["evidence"])
        lines = [part for one in (axis, right) for part in zip(*one.get_legend_handles_labels(), strict=True)]
        axis.legend(*zip(*lines, strict=True), fontsize=7.5, frameon=False, loc="upper center", bbox_to_anchor=(0.5, 0.88))
    if not lengths:
        style.nothing(axes[0])
    return figure


def gp_summary(table: pd.DataFrame) -> list[Row]:
    done, rows = finished(table), []
    for length in distinct(done, "gp.lengthscale"):
        of_length = where(done, gp__lengthscale=length)
        jitter = f"jitter {of_length['jitter'].max():g}; {pictures(done, 'CIFAR-10')}"
        for name, words in QUANTITIES.items():
            for share, one in zip(*over_seeds(of_length, "altered", name), strict=True):
                key = "gp.chance" if (name, share) == ("test_error", 1.0) else ""
                rows.append(row(f"{spelled(length)}, {share:.0%} altered", one, words, key, jitter))
    return rows
