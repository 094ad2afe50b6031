"""The verbs list and show."""

import argparse
import json

from rich.table import Table

from launch import configs, engines, forecast, plan, preview
from launch.start import mesh_of
from launch.terminal import terminal
from shared.errors import BadInput


def list_papers(paper: str) -> int:
    """Every config file with the first line of its docstring, and how many runs it is at scale cpu."""
    console = terminal()
    names = [name for name in configs.names() if name.startswith(f"{paper}/" if paper else "")]
    if not names:
        configs.load(f"{paper}/")  # raises, with the nearest paper
    table = Table()
    for column in ("config", "what it shows", "runs", "FLOPs"):
        table.add_column(column, justify="right" if column in ("runs", "FLOPs") else "left", no_wrap=column == "config")
    builder = plan.Builder("cpu")
    for name in names:
        try:
            built = plan.build(name, "cpu", [], builder=builder)
            flops = sum(run.flops for run in built.runs.values())
            table.add_row(name, configs.claim(name).split("\n")[0], str(len(built.runs)), f"{flops:.1e}")
        except BadInput as error:  # a file that is being written hides no other
            table.add_row(name, f"broken: {error}", "", "")
    console.print(table)
    console.print("runs and FLOPs at scale cpu, needs included; figures share runs, and a run is computed once")
    return 0


def show(options: argparse.Namespace, overrides: list[str]) -> int:
    """The resolved config, the sweep and the cost; with --mesh, what the programs ask of one, in the place of the config."""
    console = terminal()
    overrides = overrides + ([f"--config.mesh={options.mesh}"] if options.mesh else [])
    built = plan.build(options.config, options.scale, overrides, options.sweep)
    mesh = mesh_of(built)
    if not options.mesh:
        console.print(configs.claim(options.config))
        console.print(json.dumps(built.runs[built.targets[0]].config, indent=1))
    preview.show(console, built, preview.todo(built, ""), mesh, engines.width(engines.LOCAL, mesh, 0))
    if options.mesh:
        forecast.show(console, built, options.mesh)
    return 0
