"""Effective dimension and losses over width and depth of a network (Maddox et al., 2020)."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from projects.generalization.figures import style
from projects.generalization.figures.reading import distinct, finished, mean, network, pictures, where
from projects.generalization.figures.width import WIDTH
from projects.generalization.published import row
from shared.figures.published import Row

DEPTH = "classifier.depth"
ALPHA = "1e-01"
DIMENSION = f"determined/{ALPHA}/trace"
PANELS = {DIMENSION: f"N_eff of the Hessian, \u03b1 = {float(ALPHA):g}", "test/nll": "test loss, nats",
          "train/nll": "training loss, nats"}  # fmt: skip
ISO, FITTED = "#e8d44d", "#59c36a"
LOW = 0.1  # nats: training loss that is next to none


def grid(table: pd.DataFrame, column: str) -> np.ndarray:
    """Means over seeds, [depths, widths]."""
    done = finished(table)
    return np.array([[mean(where(done, **{WIDTH: width, DEPTH: depth}), column).mean for width in distinct(done, WIDTH)]
                     for depth in distinct(done, DEPTH)])  # fmt: skip


def map(table: pd.DataFrame) -> Figure:
    done = finished(table)
    note = f"{about(done)}. Yellow: as many parameters along a line. Green: training loss of {LOW:g} nats" if len(done) else ""
    figure, axes = style.canvas("Width and depth: effective dimension and losses", 3, "", 4.6, note)
    for axis, (column, words) in zip(axes, PANELS.items(), strict=True):
        if len(done):
            heat(figure, axis, done, column)
        else:
            style.nothing(axis)
        style.label(axis, "width", "depth" if column == next(iter(PANELS)) else "", words)
    return figure


def heat(figure: Figure, axis: Axes, done: pd.DataFrame, column: str) -> None:
    """Colours by the logarithm where values span more than a factor of ten."""
    values, across, down = grid(done, column), distinct(done, WIDTH), distinct(done, DEPTH)
    known = values[np.isfinite(values) & (values > 0)]
    wide = len(known) and known.max() > 10 * known.min()
    image = axis.imshow(values, origin="lower", aspect="auto", cmap="magma", norm="log" if wide else "linear")
    figure.colorbar(image, ax=axis, pad=0.02).ax.tick_params(labelsize=7.5)
    axis.grid(False)
    axis.set_xticks(range(len(across)), [f"{width:g}" for width in across])
    axis.set_yticks(range(len(down)), [f"{depth:g}" for depth in down])
    if min(values.shape) > 1:
        sizes = np.log10(grid(done, "parameters"))
        lines = axis.contour(sizes, levels=np.arange(2, 9, 0.5), colors=ISO, linewidths=1)
        axis.clabel(lines, fmt=lambda level: f"{10**level:,.0f}", fontsize=7)
        axis.contour(grid(done, "train/nll"), levels=[LOW], colors=FITTED, linewidths=1.6)


def about(done: pd.DataFrame) -> str:
    return f"{network(done, 'a CNN')}; {pictures(done, 'CIFAR-100')}; {done['train.altered'].iloc[0]:.0%} of the labels altered"


def map_summary(table: pd.DataFrame) -> list[Row]:
    done, rows = finished(table), []
    for depth in distinct(done, DEPTH):
        for width in distinct(done, WIDTH):
            some = where(done, **{WIDTH: width, DEPTH: depth})
            for column, words in {**PANELS, "parameters": "parameters"}.items():
                rows.append(row(f"depth {depth:g}, width {width:g}", mean(some, column), words, note=about(done)))
    return [line for line in rows if math.isfinite(line["ours"])]
