"""The verb compare: one row per setting, seeds folded into mean and 95% interval, the best row with the command that repeats it."""

import argparse
import csv
import json
import math
import shlex
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.table import Table

from launch import configs
from launch import plan as planning
from launch.plan import inside, short, telling
from launch.select import chosen
from launch.terminal import terminal
from shared.errors import BadInput
from shared.rundir import RunDir
from shared.stats import Interval, mean_interval

HIGHER_IS_BETTER = ("accuracy", "return", "reward", "success", "per_s", "speedup", "efficiency")


@dataclass(frozen=True)
class Setting:
    """Runs that differ in nothing but their seeds."""

    fields: dict[str, Any]  # flat config without seeds
    runs: list[RunDir]
    values: list[float]  # of the metric, one per finished run that measured it
    states: Counter[str]

    @cached_property
    def interval(self) -> Interval:
        return mean_interval(self.values)

    def shown(self) -> str:
        """How many are in which state: 3 done, 1 failed."""
        return ", ".join(f"{count} {state}" for state, count in self.states.items())


def compare(options: argparse.Namespace) -> int:
    console = terminal()
    runs = {run.path: run for glob in options.globs for run in chosen(glob)}
    folded = Comparison(list(runs.values()), options.metric)
    if len(runs) == 2:
        console.print(difference(*runs.values()))
    console.print(folded.table())
    if folded.best:
        console.print(f"* best {folded.metric}: {repeat(folded.best.runs[0])}", markup=False, soft_wrap=True)
    if options.csv:
        console.print(f"written: {folded.write(Path(options.csv))}", markup=False, soft_wrap=True)
    return 0


class Comparison:
    """Runs folded into settings, best first."""

    def __init__(self, runs: list[RunDir], metric: str = ""):
        finals = {run.path: run.status().get("final", {}) for run in runs}
        names = dict.fromkeys(name for final in finals.values() for name in final)
        if metric and metric not in names:
            raise BadInput(f"no metric {metric!r}{configs.near(metric, names)}; these runs have {', '.join(names) or 'none yet'}")
        self.metric = metric or next(iter(names), "")
        self.sign = -1 if any(word in self.metric for word in HIGHER_IS_BETTER) else 1
        groups: dict[str, list[RunDir]] = {}
        fields: dict[str, dict[str, Any]] = {}
        for run in runs:
            setting = settings(run.record())
            key = json.dumps(setting, sort_keys=True)
            fields[key] = setting
            groups.setdefault(key, []).append(run)
        self.settings = [self.setting(fields[key], group, finals) for key, group in groups.items()]
        self.settings.sort(key=lambda one: self.sign * one.interval.mean if one.values else math.inf)
        self.columns = telling([one.fields for one in self.settings])
        self.best = self.settings[0] if self.settings and self.settings[0].values else None

    def setting(self, fields: dict[str, Any], runs: list[RunDir], finals: dict[Path, dict[str, Any]]) -> Setting:
        values = [finals[run.path].get(self.metric) for run in runs]
        return Setting(fields, runs, [value for value in values if value is not None], Counter(run.state() for run in runs))

    @property
    def head(self) -> list[str]:
        return [*self.columns, f"{self.metric or 'metric'} mean [95% CI]", "n", "states"]

    def rows(self) -> list[list[str]]:
        """Text for every setting, in the order of `head`; the best has a star."""
        rows = []
        for one in self.settings:
            found = one.interval
            text = f"{found.mean:#.4g}" if one.values else "-"
            text += f" [{found.low:#.4g}, {found.high:#.4g}]" if math.isfinite(found.low) else ""
            text += " *" if one is self.best else ""
            fields = [short(one.fields.get(column, "")) for column in self.columns]
            rows.append([*fields, text, str(len(one.values)), one.shown()])
        return rows

    def table(self) -> Table:
        table = Table()
        for column in self.head:
            table.add_column(column)
        for row in self.rows():
            table.add_row(*row)
        return table

    def write(self, path: Path) -> Path:
        """The same as CSV, numbers in full."""
        try:
            with open(path, "w", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow([*self.columns, "metric", "mean", "low", "high", "n", "states", "runs"])
                for one in self.settings:
                    found = one.interval
                    numbers = ["" if math.isnan(value) else value for value in (found.mean, found.low, found.high)]
                    fields = [one.fields.get(column, "") for column in self.columns]
                    ids = " ".join(run.id for run in one.runs)
                    writer.writerow([*fields, self.metric, *numbers, found.n, one.shown(), ids])
        except OSError as error:
            raise BadInput(f"cannot write {path} ({error.strerror}): name another file with --csv") from None
        return path


def settings(record: dict[str, Any]) -> dict[str, Any]:
    """The flat config of a run without what only permutes (every seed) and what changes no result."""
    flat = configs.flatten(inside(record["paper"], record["config"])) | {"paper": record["paper"], "scale": record["scale"]}
    return {key: value for key, value in flat.items() if key.split(".")[-1] != "seed"}


def difference(a: RunDir, b: RunDir) -> Table:
    """Config fields and final numbers in which two runs differ."""
    flat = [configs.flatten(run.record()["config"]) for run in (a, b)]
    finals = [run.status().get("final", {}) for run in (a, b)]
    table = Table(title="what differs", title_justify="left")
    for column in ("field", a.id, b.id):
        table.add_column(column)
    for left, right in (flat, finals):
        for key in dict.fromkeys([*left, *right]):
            if left.get(key) != right.get(key):
                table.add_row(key, *(short(side.get(key, "")) for side in (left, right)))
    return table


def repeat(run: RunDir) -> str:
    """The command that computes this very run, with no override more than it takes."""
    record = run.record()
    name, scale = record["group"], record["scale"]
    try:
        base = configs.flatten(configs.base_config(configs.load(name), scale, []).to_dict())
        wanted = configs.flatten(record["config"])
        words = [f"--config.{key}={value}" for key, value in wanted.items() if key in base and same(base[key]) != same(value)]
        if identity(name, scale, words) != run.id:
            return f"{name} has changed since; {run.path / 'config.json'} says what it was"
        for word in list(words):
            fewer = [other for other in words if other != word]
            if identity(name, scale, fewer) == run.id:
                words = fewer
    except BadInput as error:
        return f"{run.path / 'config.json'} says what it was ({error})"
    return shlex.join(["python", "-m", "launch", "run", name, f"--scale={scale}", *words])


def same(value: Any) -> str:
    """Equal text for equal values, however a config file wrote them."""
    return json.dumps(value)


def identity(name: str, scale: str, words: list[str]) -> str:
    """The id of the run that a command would make; '' when it would make none."""
    try:
        return planning.build(name, scale, words, single=True).targets[0]
    except BadInput:
        return ""
