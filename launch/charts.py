"""Charts of a comparison: learning curves with bands over seeds, and parallel coordinates. None where there is nothing to draw."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from launch.fold import Comparison
from launch.plan import short
from shared.figures import style

COLORS = ("#2f6690", "#c8553d", "#4f8a4c", "#d59a2e", "#7a4988", "#8c6d4f", "#3a8f8c", "#a34a6b")
AXES = 7  # of parallel coordinates, besides the metric
DECADES = 1.0  # values that span more are laid out logarithmically


def curves(found: Comparison) -> Figure | None:
    """The best settings over steps: mean over seeds, and a band for its 95% interval."""
    metric = logged(found)
    drawn = [(one, one.curve(metric)) for one in found.settings[: len(COLORS)]]
    drawn = [(one, curve) for one, curve in drawn if len(curve) > 1]
    if not drawn:
        return None
    left_out = len(found.settings) - len(drawn)
    note = f"Means over finished runs, 95% intervals{f'; {left_out} settings left out' if left_out else ''}"
    figure, (axis,) = style.canvas(f"{metric} over steps", width=7.2, note=note)
    for (one, curve), color in zip(drawn, COLORS, strict=False):
        steps, means = [step for step, _ in curve], [interval.mean for _, interval in curve]
        name = found.label(one) or "all runs"
        axis.plot(steps, means, color=color, linewidth=1.6, label=f"{name} (n={curve[0][1].n})")
        if curve[0][1].n > 1:
            low, high = [interval.low for _, interval in curve], [interval.high for _, interval in curve]
            axis.fill_between(steps, low, high, color=color, alpha=0.18, linewidth=0)
    means = [interval.mean for _, curve in drawn for _, interval in curve]
    axis.set_yscale("log" if spread(means) else "linear")
    axis.set_ylim(*around(means, spread(means)))  # a band over two seeds may be far wider than all curves
    style.label(axis, "step", metric)
    style.legend(axis)
    return figure


def logged(found: Comparison) -> str:
    """The metric of the comparison if runs logged it on the way, else their training loss, else nothing."""
    names = {name for one in found.settings[: len(COLORS)] for run in one.runs[:1] for row in run.rows() for name in row}
    return next((name for name in (found.metric, "train/loss") if name in names), "")


def spread(values: Sequence[float]) -> bool:
    """Whether they are seen better on a logarithmic scale."""
    return min(values) > 0 and math.log10(max(values) / min(values)) > DECADES


def around(values: list[float], logarithmic: bool) -> tuple[float, float]:
    """Limits with some room at either end."""
    low, high = min(values), max(values)
    if logarithmic:
        return low / 1.5, high * 1.5
    room = 0.15 * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room


def parallel(found: Comparison) -> Figure | None:
    """One line per setting, through its fields to its metric: the better, the darker; the best is red."""
    lines = [one for one in found.settings if one.values]
    columns = found.columns[:AXES]
    if len(lines) < 2 or not columns:
        return None
    scales = [Scale.over([one.fields.get(column) for one in lines]) for column in columns]
    scales.append(Scale.over([one.interval.mean for one in lines]))
    figure, (axis,) = style.canvas(f"{len(lines)} settings, through what differs to {found.metric}", width=max(7.2, 1.5 * len(scales)))
    for rank, one in reversed(list(enumerate(lines))):
        values = [*(one.fields.get(column) for column in columns), one.interval.mean]
        heights = [scale(value) for scale, value in zip(scales, values, strict=True)]
        color, width, alpha = ("#c8553d", 2.2, 1.0) if rank == 0 else ("#2f6690", 1.2, 0.25 + 0.55 * (1 - rank / len(lines)))
        axis.plot(range(len(scales)), heights, color=color, linewidth=width, alpha=alpha, marker="o", markersize=3)
    for place, scale in enumerate(scales):
        axis.axvline(place, color="#aaaaaa", linewidth=0.8, zorder=0)
        for height, text in scale.ticks():
            axis.annotate(text, (place, height), (4, 0), textcoords="offset points", va="center", fontsize=7.5, color=style.INK)
    axis.set_xticks(range(len(scales)), [column.split(".")[-1] for column in columns] + [found.metric])
    axis.set_yticks([])
    axis.set(xlim=(-0.2, len(scales) - 0.4), ylim=(-0.06, 1.06))
    axis.spines["left"].set_visible(False)
    return figure


@dataclass(frozen=True)
class Scale:
    """Values of a field -> heights in [0, 1]: numbers by size, words in their order of appearance."""

    values: tuple[Any, ...]  # distinct, ascending where they are numbers
    numbers: bool

    @classmethod
    def over(cls, values: list[Any]) -> "Scale":
        distinct = list({short(value): value for value in values}.values())
        numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) for value in distinct)
        return cls(tuple(sorted(distinct)) if numbers else tuple(map(short, distinct)), numbers)

    @property
    def logarithmic(self) -> bool:
        return self.numbers and spread(self.values)

    def __call__(self, value: Any) -> float:
        if len(self.values) == 1:
            return 0.5
        if not self.numbers:
            return self.values.index(short(value)) / (len(self.values) - 1)
        size = math.log if self.logarithmic else float
        low, high = size(self.values[0]), size(self.values[-1])
        return (size(value) - low) / (high - low)

    def ticks(self) -> list[tuple[float, str]]:
        """All values while there are few, else the ends."""
        shown = self.values if len(self.values) <= 8 else (self.values[0], self.values[-1])
        return [(self(value), f"{value:.4g}" if self.numbers else str(value)[:24]) for value in shown]
