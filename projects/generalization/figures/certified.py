"""Bounds recomputed from a file, on true labels and on random ones, beside the published ones."""

import math

import pandas as pd
from matplotlib.figure import Figure

from projects.generalization.published import published, row
from shared.figures import style
from shared.figures.published import Row
from shared.stats import Interval, mean_interval

SHOWN = {"train/error": "training error", "test/error": "test error", "bound/kl": "bound, inverse of kl", "bound/catoni": "bound, Catoni",
         "bound/hoeffding": "bound, Hoeffding"}  # fmt: skip
LABELS = {0.0: "true labels", 1.0: "random labels"}
COLORS = {0.0: "#2f6690", 1.0: "#c8553d"}
BEFORE = {"_before": "best before", "": "Lotfi et al.", "_transfer": "with a prior from CIFAR-10"}


def certificate(table: pd.DataFrame) -> Figure:
    """Errors and bounds of what was decoded, by labels; a dashed line at the error of guessing."""
    done = table[table["state"] == "done"]
    names = " and ".join(sorted(done["data.name"].unique()))
    figure, (ours, others) = style.canvas(f"Certificates from the file alone: {names}" if names else "Certificates", 1, "published", 5.2)
    if done.empty:
        style.nothing(ours)
    for share, name in LABELS.items():
        found = [seeds(done, share, column) for column in SHOWN]
        style.curve(ours, range(len(SHOWN)), found, COLORS[share], name, linestyle="none")
    for axis in (ours, others):
        axis.set_ylim(0, 1.02)
    if len(done):
        ours.axhline(done["bound/guessing"].iloc[0], color=style.PAPER, linestyle="--", linewidth=1, label="guessing")
        ours.set_xticks(range(len(SHOWN)), [text.replace(", ", ",\n") for text in SHOWN.values()], fontsize=7.5)
    style.label(ours, "", "share of the points")
    style.legend(ours)
    keys = [f"certificate.fashion_mnist{end}" for end in BEFORE]
    others.plot(range(len(keys)), [published()[key]["value"] for key in keys], linestyle="none", **{**style.HOLLOW, "linewidth": 0})
    others.set_xticks(range(len(keys)), list(BEFORE.values()), fontsize=7.5)
    others.set_xlim(-0.5, len(keys) - 0.5)
    style.label(others, "Fashion-MNIST", "bound on the test error")
    return figure


def certificate_summary(table: pd.DataFrame) -> list[Row]:
    done = table[table["state"] == "done"]
    rows = []
    for share, name in LABELS.items():
        some = done[done["subspace.altered"] == share]
        for data in sorted(some["data.name"].unique()):
            here, setting = some[some["data.name"] == data], f"{data}, {name}"
            key = f"certificate.{data}" if not share else "certificate.guessing"
            note = f"network: {', '.join(sorted(here['network.name'].unique()))}; {int(here['n'].max()):,} points"
            rows.append(row(setting, seeds(here, share, "bound/catoni"), "bound on the error", key, note))
            for column, quantity in (("test/error", "test error"), ("train/error", "training error"), ("bits/total", "bits of the code")):
                rows.append(row(setting, seeds(here, share, column), quantity))
    return rows


def seeds(table: pd.DataFrame, share: float, column: str) -> Interval:
    """The mean over seeds; NaN where nothing was measured."""
    found = table.loc[table["subspace.altered"] == share, column] if column in table else []
    return mean_interval([value for value in found if math.isfinite(value)])
