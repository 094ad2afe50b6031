"""Runs folded into settings: runs that differ in nothing but their seeds are one row with a mean and a 95% interval."""

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from launch import configs
from launch.measured import Measured
from launch.plan import inside, short, telling
from shared.errors import BadInput
from shared.stats import Interval, mean_interval

HIGHER_IS_BETTER = ("accuracy", "return", "reward", "success", "per_s", "speedup", "efficiency")
POINTS = 200  # of a learning curve


@dataclass(frozen=True)
class Setting:
    """Runs that differ in nothing but their seeds."""

    fields: dict[str, Any]  # flat config without seeds
    runs: list[Measured]
    values: list[float]  # of the metric, one per finished run that measured it
    states: Counter[str]

    @cached_property
    def interval(self) -> Interval:
        return mean_interval(self.values)

    def shown(self) -> str:
        """How many are in which state: 3 done, 1 failed."""
        return ", ".join(f"{count} {state}" for state, count in self.states.items())

    def curve(self, metric: str) -> list[tuple[int, Interval]]:
        """Step, mean and interval over the finished runs, at the steps where all of them logged the metric; about POINTS at most."""
        done = [run for run in self.runs if run.state == "done"]
        logged = [{row["step"]: row[metric] for row in run.rows() if row.get(metric) is not None} for run in done]
        steps = sorted(set.intersection(*map(set, logged))) if logged else []
        kept = [*steps[: -1 : len(steps) // POINTS + 1], *steps[-1:]]
        return [(step, mean_interval([one[step] for one in logged])) for step in kept]


class Comparison:
    """Settings, the best first."""

    def __init__(self, runs: Sequence[Measured], metric: str = ""):
        names = dict.fromkeys(name for run in runs for name in run.final)
        if metric and metric not in names:
            raise BadInput(f"no metric {metric!r}{configs.near(metric, names)}; these runs have {', '.join(names) or 'none yet'}")
        self.metric = metric or next(iter(names), "")
        self.sign = -1 if any(word in self.metric for word in HIGHER_IS_BETTER) else 1
        groups: dict[str, list[Measured]] = {}
        fields: dict[str, dict[str, Any]] = {}
        for run in runs:
            setting = settings(run)
            key = json.dumps(setting, sort_keys=True)
            fields[key] = setting
            groups.setdefault(key, []).append(run)
        self.settings = [self.setting(fields[key], group) for key, group in groups.items()]
        self.settings.sort(key=lambda one: self.sign * one.interval.mean if one.values else math.inf)
        self.columns = telling([one.fields for one in self.settings])
        self.best = self.settings[0] if self.settings and self.settings[0].values else None

    def setting(self, fields: dict[str, Any], runs: list[Measured]) -> Setting:
        values = [run.final.get(self.metric) for run in runs]
        return Setting(fields, runs, [value for value in values if value is not None], Counter(run.state for run in runs))

    def label(self, one: Setting) -> str:
        """The fields in which a setting differs from the others."""
        return " ".join(f"{column.split('.')[-1]}={short(one.fields.get(column, ''))}" for column in self.columns)

    def shared(self) -> dict[str, Any]:
        """The fields that are the same in all settings."""
        first, *rest = [one.fields for one in self.settings]
        return {key: value for key, value in first.items() if all(key in other and other[key] == value for other in rest)}


def settings(run: Measured) -> dict[str, Any]:
    """The flat config of a run without what only permutes (every seed) and what changes no result."""
    flat = configs.flatten(inside(run.paper, run.config)) | {"paper": run.paper, "scale": run.scale}
    return {key: value for key, value in flat.items() if key.split(".")[-1] != "seed"}
