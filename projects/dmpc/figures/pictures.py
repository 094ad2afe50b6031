"""What planners do, in pictures: strips of episodes beside what they have earned."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from projects.dmpc import camera
from projects.dmpc.figures.style import COLORS
from projects.dmpc.film import SIZE, spread
from projects.dmpc.published import row
from shared.figures import style
from shared.figures.film import film
from shared.figures.published import Row
from shared.stats import Interval, mean_interval, wilson

COLUMNS = 9  # of a strip
CHOSEN, FIRST = COLORS["dmpc"], COLORS["policy"]  # the best of several plans, the first that comes


class Planned(NamedTuple):
    """A finished run of a planner."""

    candidates: int  # N
    numbers: dict[str, Any]  # config fields and what was measured
    arrays: dict[str, np.ndarray]

    @property
    def name(self) -> str:
        return "the first plan" if self.candidates == 1 else f"the best of {self.candidates} plans"

    @property
    def color(self) -> str:
        return FIRST if self.candidates == 1 else CHOSEN


def planned(table: pd.DataFrame) -> list[Planned]:
    """Those that have left their episodes, the most candidates first."""
    found = [one for one in table.to_dict("records") if one["state"] == "done" and isinstance(one.get("arrays"), dict)]
    return sorted((Planned(one["plan.candidates"], one, one["arrays"]) for one in found), key=lambda one: -one.candidates)


def demo(table: pd.DataFrame) -> Figure:
    """The first episode of every planner in pictures; what all episodes have earned so far."""
    runs = planned(table)
    episodes = sorted({len(one.arrays["returns"]) for one in runs})
    note = f"Episodes by each: {', '.join(map(str, episodes))}; the first one is shown. Red frame: it has left the ring" if runs else ""
    layout = {"width_ratios": [2.9, 1.0]}
    figure, [[left, right]] = style.sheet("D-MPC on the ring", (1, 2), (13.5, 3.4), note, gridspec_kw=layout)
    style.plain(right)
    if not runs:
        style.nothing(left)
        style.nothing(right)
        return figure
    seconds = camera.seconds("ring", "v0")
    columns = spread(max(len(one.arrays["qpos"]) for one in runs), COLUMNS)  # steps
    strips, edges = {}, {}
    for number, one in enumerate(runs):
        last = len(one.arrays["qpos"]) - 1
        strips[one.name] = camera.pictures("ring", "v0", one.arrays["qpos"], np.minimum(columns, last), SIZE)
        over = np.flatnonzero(columns > last) if one.arrays["failed"][0] else ()
        edges |= {(number, column): CHOSEN for column in over}
        earned = np.cumsum(np.nan_to_num(one.arrays["rewards"]), 1)  # [E, T]
        times = seconds * np.arange(1, earned.shape[1] + 1)
        right.plot(times, earned.T, color=one.color, linewidth=0.6, alpha=0.35)
        right.plot(times, earned.mean(0), color=one.color, linewidth=1.8, label=one.name)
    film(left, strips, [f"{step * seconds:.1f} s" for step in columns], edges=edges)
    style.label(right, "seconds", "", "return so far: episodes, and their mean")
    style.legend(right)
    return figure


def demo_summary(table: pd.DataFrame) -> list[Row]:
    rows = []
    for one in planned(table):
        returns, failed = one.arrays["returns"], one.arrays["failed"]
        note = f"{len(returns)} episodes"
        share = wilson(int(failed.sum()), len(failed))
        rows += [
            row(one.name, mean_interval(returns), "return", "", note),
            row(one.name, one.numbers["score"], "return in % of the way from uniform actions to the best player", "", note),
            row(one.name, Interval(100 * share.mean, 100 * share.low, 100 * share.high, share.n), "left the ring [%]", "", note),
            row(one.name, mean_interval(one.arrays["lengths"]), "steps, of 200", "", note),
        ]
    return rows
