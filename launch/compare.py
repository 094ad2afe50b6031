"""The verb compare: one row per setting, seeds folded into mean and 95% interval, the best row with the command that repeats it."""

import argparse
import csv
import json
import shlex
from pathlib import Path

from rich.table import Table

from launch import configs
from launch import plan as planning
from launch.fold import Comparison, Setting
from launch.measured import Measured, on_disk, on_wandb
from launch.plan import short
from launch.select import chosen
from launch.terminal import terminal
from shared.errors import BadInput


def compare(options: argparse.Namespace) -> int:
    console = terminal()
    read = on_wandb if options.wandb else lambda glob: map(on_disk, chosen(glob))
    runs = list({run.id: run for glob in options.globs for run in read(glob)}.values())
    found = Comparison(runs, options.metric)
    if len(runs) == 2:
        console.print(difference(*runs))
    console.print(table(found))
    if found.best:
        console.print(f"* best {found.metric}: {repeat(found.best.runs[0])}", soft_wrap=True)
    if options.csv:
        console.print(f"written: {write(found, Path(options.csv))}", soft_wrap=True)
    if options.page:
        from launch import comparison

        path = comparison.write(found, ", ".join(options.globs), Path(options.page))
        console.print(f"written: {path}", soft_wrap=True)
    return 0


def table(found: Comparison) -> Table:
    text = Table()
    for column in head(found):
        text.add_column(column)
    for row in rows(found):
        text.add_row(*row)
    return text


def head(found: Comparison) -> list[str]:
    return [*found.columns, f"{found.metric or 'metric'} mean [95% CI]", "n", "states"]


def rows(found: Comparison) -> list[list[str]]:
    """Text for every setting, in the order of `head`; the best has a star."""
    star = {id(found.best): " *"}
    return [[*fields(found, one), number(one) + star.get(id(one), ""), str(len(one.values)), one.shown()] for one in found.settings]


def fields(found: Comparison, one: Setting) -> list[str]:
    return [short(one.fields.get(column, "")) for column in found.columns]


def number(one: Setting) -> str:
    """'4.995 [4.931, 5.059]'; without interval where there is one run, a dash where there is none."""
    interval = one.interval
    text = f"{interval.mean:#.4g}" if one.values else "-"
    return text + (f" [{interval.low:#.4g}, {interval.high:#.4g}]" if len(one.values) > 1 else "")


def write(found: Comparison, path: Path) -> Path:
    """The same as CSV, numbers in full."""
    try:
        with open(path, "w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*found.columns, "metric", "mean", "low", "high", "n", "states", "runs"])
            for one in found.settings:
                interval = one.interval
                bounds = [interval.low, interval.high] if interval.n > 1 else ["", ""]
                numbers = [interval.mean if interval.n else "", *bounds]
                values = [one.fields.get(column, "") for column in found.columns]
                writer.writerow([*values, found.metric, *numbers, interval.n, one.shown(), " ".join(run.id for run in one.runs)])
    except OSError as error:
        raise BadInput(f"cannot write {path} ({error.strerror}): name another file with --csv") from None
    return path


def difference(a: Measured, b: Measured) -> Table:
    """Config fields and final numbers in which two runs differ."""
    text = Table(title="what differs", title_justify="left")
    for column in ("field", a.id, b.id):
        text.add_column(column)
    for row in differing(a, b):
        text.add_row(*row)
    return text


def differing(a: Measured, b: Measured) -> list[tuple[str, str, str]]:
    """(name, of the one, of the other): config fields first, then final numbers."""
    pairs = [(configs.flatten(a.config), configs.flatten(b.config)), (a.final, b.final)]
    return [
        (key, short(left.get(key, "")), short(right.get(key, "")))
        for left, right in pairs for key in dict.fromkeys([*left, *right]) if left.get(key) != right.get(key)
    ]  # fmt: skip


def repeat(run: Measured) -> str:
    """The command that computes this very run, with no override more than it takes."""
    try:
        base = configs.flatten(configs.base_config(configs.load(run.group), run.scale, []).to_dict())
        wanted = configs.flatten(run.config)
        words = [f"--config.{key}={value}" for key, value in wanted.items() if key in base and same(base[key]) != same(value)]
        if identity(run.group, run.scale, words) != run.id:
            return f"{run.group} has changed since; {run.where} says what it was"
        for word in list(words):
            fewer = [other for other in words if other != word]
            if identity(run.group, run.scale, fewer) == run.id:
                words = fewer
    except BadInput as error:
        return f"{run.where} says what it was ({error})"
    return shlex.join(["python", "-m", "launch", "run", run.group, f"--scale={run.scale}", *words])


def same(value: object) -> str:
    """Equal text for equal values, however a config file wrote them."""
    return json.dumps(value)


def identity(name: str, scale: str, words: list[str]) -> str:
    """The id of the run that a command would make; '' when it would make none."""
    try:
        return planning.build(name, scale, words, single=True).targets[0]
    except BadInput:
        return ""
