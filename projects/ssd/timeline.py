"""A few rounds as one sees them: when the target verified, when the draft worked, and whether its guess was the outcome.

Two drawings of the same bars: characters for a terminal, a picture for the README. Speculative decoding takes turns; with a
speculation cache the draft works while the target does, and only a miss makes the target wait.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

INK, GREY = "#2b2b2b", "#8b8b86"
COLORS = {"verify": "#2f6690", "guess": "#d59a2e", "draft": "#c8553d"}
WORDS = {
    "verify": "target verifies",
    "guess": "draft prepares for the likely outcomes",
    "draft": "draft works, target waits",
}
SIGNS = {"verify": "#", "guess": "=", "draft": "-"}
HIT, MISS = "#4f8a4c", "#c8553d"


class Bar(NamedTuple):
    lane: str  # "target" or "draft"
    kind: str  # "verify"; "guess": drafting ahead during a verification; "draft": drafting that the target waits for
    begin: float  # seconds
    end: float


class Mark(NamedTuple):
    """The end of a round."""

    at: float
    emitted: int  # tokens
    hit: int  # 1: the outcome had been prepared, 0: it had not, -1: nothing had been prepared


class Lanes(NamedTuple):
    name: str
    bars: list[Bar]
    marks: list[Mark]


def lanes(name: str, columns: dict[str, np.ndarray], first: int = 0, count: int = 6) -> Lanes:
    """`count` rounds from round `first` on, of the columns of the round records (one row per round and sequence).

    Whether an outcome had been prepared is known one round later, from where the next speculation came.
    """
    numbers = np.unique(columns["round"])
    bars, marks = [], []
    for number in numbers[first : first + count]:
        row = {key: column[columns["round"] == number] for key, column in columns.items()}
        hits = columns["hit"][columns["round"] == number + 1]
        hit = int(hits.min()) if len(hits) else -1
        dispatch, verified, drafted, done = (float(row[key][0]) for key in ("t_dispatch", "t_verify", "t_draft", "t_round"))
        bars.append(Bar("target", "verify", dispatch, verified))
        if hit >= 0:
            bars.append(Bar("draft", "guess", dispatch, drafted))
        if hit <= 0 and len(hits) and drafted > 0:
            bars.append(Bar("draft", "draft", max(verified, drafted) if hit == 0 else verified, done))
        marks.append(Mark(verified, int(row["emitted"].sum()), hit))
    return Lanes(name, bars, marks)


def telling(columns: dict[str, np.ndarray], count: int = 6) -> int:
    """The first round of a stretch of `count` rounds that shows a miss, and as few as there may be: most are hits."""
    missed = np.asarray([columns["hit"][columns["round"] == number].min() == 0 for number in np.unique(columns["round"])])
    # what became of an outcome is known one round later
    stretches = [(missed[first + 1 : first + 1 + count].sum(), first) for first in range(1, len(missed) - count)]
    return min((one for one in stretches if one[0]), default=(0, min(1, len(missed) - 1)))[1]


def beside(modes: dict[str, dict[str, np.ndarray]], count: int = 6) -> list[Lanes]:
    """The same stretch of every mode: with one draft and one lookahead it is the same text."""
    begin = max(telling(columns, count) for columns in modes.values())
    last = {name: len(np.unique(columns["round"])) - 1 for name, columns in modes.items()}
    return [lanes(name, columns, min(begin, max(last[name] - count, 0)), count) for name, columns in modes.items()]


def text(rows: Sequence[Lanes], width: int = 96) -> str:
    """Both lanes of every mode on one time axis, in plain ASCII."""
    begin = {row.name: min(bar.begin for bar in row.bars) for row in rows}
    span = max(bar.end - begin[row.name] for row in rows for bar in row.bars)
    column = lambda row, at: round((at - begin[row.name]) / span * (width - 1))  # noqa: E731
    label = max(len(row.name) for row in rows)
    lines = []
    for row in rows:
        lanes = {"target": [" "] * width, "draft": [" "] * width, "": [" "] * (width + 4)}
        for bar in row.bars:
            first, last = column(row, bar.begin), column(row, bar.end)
            lanes[bar.lane][first : max(last, first + 1)] = SIGNS[bar.kind] * max(last - first, 1)
        for mark in row.marks:
            word = f"{'x' if mark.hit == 0 else ''}+{mark.emitted}"
            last = max(column(row, mark.at), len(word) - 1)
            lanes[""][last - len(word) + 1 : last + 1] = word
        for index, (lane, signs) in enumerate(lanes.items()):
            if index != 1 or any(bar.lane == "draft" for bar in row.bars):
                lines.append(f"{row.name if index == 0 else '':{label}}  {lane:6} |{''.join(signs).rstrip()}")
    kinds = [kind for kind in SIGNS if any(bar.kind == kind for row in rows for bar in row.bars)]
    legend = "   ".join(f"{SIGNS[kind]} {WORDS[kind]}" for kind in kinds)
    missed = "   x the outcome was not prepared" if any(mark.hit == 0 for row in rows for mark in row.marks) else ""
    return "\n".join([*lines, f"{span * 1e3:.1f} ms   {legend}   +n tokens{missed}"])


def picture(rows: Sequence[Lanes], title: str = "") -> Figure:
    """One panel per mode on one time axis [ms]: target above, draft below; under each round its tokens, hit or miss."""
    figure = Figure(figsize=(10, 0.7 + 1.25 * len(rows)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = np.atleast_1d(figure.subplots(len(rows), 1, sharex=True))
    for axis, row in zip(axes, rows, strict=True):
        panel(axis, row)
    axes[0].set_xlim(0, 1e3 * max(bar.end - row.bars[0].begin for row in rows for bar in row.bars))
    axes[-1].set_xlabel("milliseconds", fontsize=9, color=INK)
    kinds = [kind for kind in WORDS if any(bar.kind == kind for row in rows for bar in row.bars)]
    handles = [Patch(color=COLORS[kind], label=WORDS[kind]) for kind in kinds]
    figure.legend(handles=handles, loc="outside upper right", ncols=len(handles), fontsize=8.5, frameon=False)
    figure.suptitle(title, fontsize=10.5, color=INK, x=0.01, ha="left")
    return figure


def panel(axis: Axes, row: Lanes) -> None:
    zero = min(bar.begin for bar in row.bars)
    ms = lambda at: (at - zero) * 1e3  # noqa: E731
    for bar in row.bars:
        low = 1.06 if bar.lane == "target" else 0.06
        axis.broken_barh([(ms(bar.begin), ms(bar.end) - ms(bar.begin))], (low, 0.88), color=COLORS[bar.kind], linewidth=0)
    total = sum(mark.emitted for mark in row.marks)
    for mark in row.marks:
        color = MISS if mark.hit == 0 else HIT if mark.hit == 1 else GREY
        axis.axvline(ms(mark.at), color=color, linewidth=1.1, ymin=0.22)
        sign = {1: " hit", 0: " miss", -1: ""}[mark.hit]
        axis.text(ms(mark.at), -0.12, f"+{mark.emitted}{sign}", color=color, fontsize=8, ha="right", va="top")
    spent = ms(row.marks[-1].at)
    axis.set_title(f"{row.name}: {total} tokens in {spent:.0f} ms", fontsize=9.5, color=INK, loc="left", pad=3)
    axis.set_ylim(-0.75, 2.0)
    axis.set_yticks([1.5, 0.5], ["target", "draft"], fontsize=9, color=INK)
    axis.tick_params(length=0, labelsize=8.5, colors=INK)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.spines["bottom"].set_color("#aaaaaa")
