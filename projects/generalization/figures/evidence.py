"""Figure 1 (d, e): altered labels, of which a Gaussian process and a network fit any share."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from projects.generalization.figures import style
from projects.generalization.figures.reading import distinct, finished, network, over_seeds, pictures, where
from projects.generalization.figures.style import COLORS
from projects.generalization.published import row, value
from shared.figures.published import Row

Columns = Mapping[str, str]  # train, test, evidence -> a column of the table
ALTERED = "Altered: a draw over all classes, so that one in ten keeps its own. Means over seeds, 95%"
OF_PROCESS = {"train": "train_error", "test": "test_error", "evidence": "evidence"}
PROCESS_WORDS = {"train": "training error", "test": "test error", "evidence": "log evidence per point and class"}
NETWORK_WORDS = {**PROCESS_WORDS, "evidence": "log evidence per point"}
CURVATURES = {"last": "curvature of the last layer, features as given", "diagonal": "diagonal curvature of all parameters"}


def panel(axis: Axes, rows: pd.DataFrame, share: str, columns: Columns, words: Columns, title: str) -> None:
    """Errors on the left axis, evidence on the right, over the column with the share."""
    for name in ("train", "test"):
        style.curve(axis, *over_seeds(rows, share, columns[name]), COLORS[name], words[name])
    axis.axhline(value("gp.chance"), color=style.PAPER, linewidth=0.8, linestyle=":")
    axis.set_ylim(-0.03, 1.0)
    style.label(axis, "altered labels, share", "error", title)
    right = axis.twinx()
    style.plain(right)
    right.spines["right"].set_visible(True)
    right.grid(False)
    style.curve(right, *over_seeds(rows, share, columns["evidence"]), COLORS["evidence"], words["evidence"], marker="s")
    style.label(right, "", words["evidence"])
    lines = [part for one in (axis, right) for part in zip(*one.get_legend_handles_labels(), strict=True)]
    axis.legend(*zip(*lines, strict=True), fontsize=7.5, frameon=False, loc="upper center", bbox_to_anchor=(0.5, 0.88))


# -- (d) ------------------------------------------------------------------------------------------------------------------
def spelled(length: float) -> str:
    return "length-scale: the median distance" + ("" if length == 1 else f" / {1 / length:g}")


def gp(table: pd.DataFrame) -> Figure:
    """A panel per length-scale."""
    done = finished(table)
    lengths = distinct(done, "gp.lengthscale")
    title = "Fig. 1 (d)  A Gaussian process fits any labels, and its evidence falls"
    note = f"{pictures(done, 'CIFAR-10')}. {ALTERED}" if len(done) else ""
    figure, axes = style.canvas(title, max(len(lengths), 1), "", 5.0, note)
    for axis, length in zip(axes, lengths, strict=False):
        panel(axis, where(done, gp__lengthscale=length), "altered", OF_PROCESS, PROCESS_WORDS, spelled(length))
    if not lengths:
        style.nothing(axes[0])
    return figure


def gp_summary(table: pd.DataFrame) -> list[Row]:
    done, rows = finished(table), []
    for length in distinct(done, "gp.lengthscale"):
        of_length = where(done, gp__lengthscale=length)
        note = f"jitter {of_length['jitter'].max():g}; {pictures(done, 'CIFAR-10')}"
        rows += summary(of_length, "altered", OF_PROCESS, PROCESS_WORDS, f"{spelled(length)}, ", note)
    return rows


def summary(table: pd.DataFrame, share: str, columns: Columns, words: Columns, setting: str, note: str) -> list[Row]:
    rows = []
    for name, column in columns.items():
        for place, one in zip(*over_seeds(table, share, column), strict=True):
            key = "gp.chance" if (name, place) == ("test", 1.0) else ""
            rows.append(row(f"{setting}{place:.0%} altered", one, words[name], key, note))
    return rows


# -- (e) ------------------------------------------------------------------------------------------------------------------
def altered(table: pd.DataFrame) -> Figure:
    """A panel per curvature."""
    done = finished(table)
    title = "Fig. 1 (e)  A network fits any labels, and its evidence falls"
    figure, axes = style.canvas(title, len(CURVATURES), "", 5.0, f"{about(done)}. {ALTERED}" if len(done) else "")
    for axis, (name, words) in zip(axes, CURVATURES.items(), strict=True):
        if len(done):
            panel(axis, done, "train.altered", of_network(name), NETWORK_WORDS, words)
        else:
            style.nothing(axis)
    return figure


def altered_summary(table: pd.DataFrame) -> list[Row]:
    done = finished(table)
    rows = summary(done, "train.altered", {"train": "train/error", "test": "test/error"}, NETWORK_WORDS, "", about(done))
    for name, words in CURVATURES.items():
        rows += summary(done, "train.altered", {"evidence": f"evidence/{name}"}, NETWORK_WORDS, f"{words}, ", about(done))
    return rows


def of_network(curvature: str) -> Columns:
    return {"train": "train/error", "test": "test/error", "evidence": f"evidence/{curvature}"}


def about(rows: pd.DataFrame) -> str:
    return f"{network(rows, 'PreAct ResNet-20')}; {pictures(rows, 'CIFAR-10')}"
