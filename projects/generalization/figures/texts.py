"""Bounds of language models, of a text and of the same text in random order, over the subspace's dimension."""

import math

import pandas as pd
from matplotlib.figure import Figure

from projects.generalization.figures import style
from projects.generalization.figures.reading import DATA, UNKNOWN, distinct, finished, mean, where
from projects.generalization.figures.style import COLORS
from projects.generalization.published import row, value
from shared.figures.published import Row
from shared.stats import Interval

ORDERS = {False: "text", True: "shuffled"}
LOOKS = {"bound": "-", "bits": ":"}
UNITS = ("documents", "tokens")
PUBLISHED = {  # of GPT-2 on OpenWebText, a vocabulary of 50,257
    "documents": {"sublora": "SubLoRA", "lora": "LoRA", "subspace": "subspace"},
    "tokens": {"sublora": "SubLoRA", "enhanced_lora": "LoRA, enhanced", "kronecker": "Kronecker", "monarch": "Monarch"},
}
QUANTITIES = {
    "bound": "bound on bits per byte", "bits": "bits per byte of training text", "top1_bound": "bound on misses of the first guess",
    "top10_bound": "bound on misses of ten guesses",
}  # fmt: skip


def curve(table: pd.DataFrame, shuffled: bool, column: str) -> tuple[list[int], list[Interval]]:
    """Dimensions, and the mean over seeds there."""
    rows = where(table, text__shuffled=shuffled)
    places = distinct(rows, "subspace.dimension")
    return places, [mean(where(rows, subspace__dimension=place), column) for place in places]


def language(table: pd.DataFrame) -> Figure:
    """A panel for the bound by documents, one for that by tokens, one for the published."""
    done = finished(table)
    note = ""
    if len(done):
        first = done.iloc[0]
        note = (
            f"{', '.join(DATA.get(name, name) for name in distinct(done, 'data.name'))}: {first['n/documents']:,.0f} documents, "
            f"{first['n/tokens']:,.0f} bytes, a vocabulary of {first['vocabulary']:.0f}; decoder {first['text.network']}. 95 %, each bound "
            "by itself. Shuffled: the bytes of every document in random order. A bound by tokens is about contexts that were seen, it says "
            "nothing of new documents. Published: GPT-2 on OpenWebText, 50,257 tokens, recalled and unverified"
        )
    figure, (*axes, others) = style.canvas("Bounds of language models, from the file alone", 2, "published", 4.6, note)
    for axis, unit in zip(axes, UNITS, strict=True):
        for shuffled, name in ORDERS.items():
            for column, line in LOOKS.items():
                label = f"{name}: {'bound' if column == 'bound' else 'training loss'}"
                style.curve(axis, *curve(done, shuffled, f"{unit}/{column}"), COLORS[name], label, linestyle=line)
        if axis.lines:
            axis.axhline(done["guessing/bits"].iloc[0], color=style.PAPER, linestyle="--", linewidth=1, label="guessing")
            style.log_ticks(axis, distinct(done, "subspace.dimension"))
        else:
            style.nothing(axis)
        style.label(axis, "trained numbers d", "bits per byte", f"by {unit}")
        style.legend(axis)
    beside(others)
    return figure


def beside(axis) -> None:
    """The published bounds in bits per token, by documents and by tokens."""
    names = [(unit, key, text) for unit, found in PUBLISHED.items() for key, text in found.items()]
    for unit, marker in (("documents", "o"), ("tokens", "s")):
        places = [place for place, name in enumerate(names) if name[0] == unit]
        found = [value(f"language.{unit}_{names[place][1]}") for place in places]
        axis.plot(places, found, linestyle="none", label=f"by {unit}", **{**style.HOLLOW, "linewidth": 0, "marker": marker})
    axis.axhline(value("language.guessing"), color=style.PAPER, linestyle="--", linewidth=1, label="guessing")
    axis.set_xticks(range(len(names)), [text for *_, text in names], fontsize=7, rotation=35, ha="right")
    axis.set_xlim(-0.5, len(names) - 0.5)
    style.label(axis, "", "bits per token")
    style.legend(axis)


def language_summary(table: pd.DataFrame) -> list[Row]:
    done, rows = finished(table), []
    for shuffled, name in ORDERS.items():
        for unit in UNITS:
            for column, quantity in QUANTITIES.items():
                found = zip(*curve(done, shuffled, f"{unit}/{column}"), strict=True)
                rows += [row(f"{name}, d = {place}", one, f"{quantity}, by {unit}") for place, one in found]
        for column, quantity in (("test/bits", "bits per byte of test documents"), ("bits/total", "bits of the code")):
            rows += [row(f"{name}, d = {place}", one, quantity) for place, one in zip(*curve(done, shuffled, column), strict=True)]
    return [line for line in rows if math.isfinite(line["ours"])] + (published_rows() if rows else [])


def published_rows() -> list[Row]:
    """Bounds of others in rows of their own: bits per token of another vocabulary, a ratio of the two would mean nothing."""
    note = "not measured here: GPT-2 on OpenWebText"
    return [row(f"published, {text}", UNKNOWN, f"bound on bits per token, by {unit}", f"language.{unit}_{key}", note)
            for unit, found in PUBLISHED.items() for key, text in found.items()]  # fmt: skip
