"""Is a recipe's best setting locally optimal? Finds the coordinate-descent certificate among the finished runs, and with
--launch runs what is missing until it is found.

    python -m projects.infinite_compute.certify --scale=cpu                    what is certified, what is missing
    python -m projects.infinite_compute.certify --scale=cpu --model=M --launch     walk on until M is certified
"""

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from typing import Any

from rich.console import Console
from rich.table import Table

from projects.infinite_compute.certificate import Certificate, Point, search
from shared.errors import BadInput
from shared.rundir import FINISHED, all_runs

AXES = {"lr": ("optim", "lr"), "epochs": ("train", "epochs"), "weight_decay": ("optim", "weight_decay")}
RECIPES = {"regularised": frozenset(), "standard": frozenset({"weight_decay"})}
STANDARD_DECAY = 0.1


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", default="cpu")
    parser.add_argument("--recipe", default="regularised", choices=sorted(RECIPES))
    parser.add_argument("--model", default="", help="one model (default: every model that has runs)")
    parser.add_argument("--tokens", type=int, default=0, help="D (default: every D that has runs)")
    parser.add_argument("--launch", action="store_true", help="launch the missing neighbours, and walk on to better ones")
    options = parser.parse_args(arguments)
    try:
        return certify_all(options)
    except BadInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def certify_all(options: argparse.Namespace) -> int:
    """0 when every cell asked for is certified, else 1."""
    found = certificates(options)
    if not found:
        raise BadInput("no finished train runs to look at: python -m launch sweep infinite_compute/certify --config.model.name=NAME")
    while options.launch and (open_cells := [cell for cell, certificate in found.items() if not certificate.certified]):
        if any(launch(options, cell, found[cell].point) for cell in open_cells):
            return 1
        before, found = found, certificates(options)
        if found == before:
            print("what was launched is no part of this search, which is of the most numerous family of runs: it goes no further")
            break
    show(options, found)
    return 0 if all(certificate.certified for certificate in found.values()) else 1


def certificates(options: argparse.Namespace) -> dict[tuple[int, str], Certificate]:
    """(D, model) -> where the walk over the finished runs ends. The search is made of runs that differ in nothing but the axes, D
    and the model; of several such families (seeds, data sets) it is the one with the most runs."""
    families: dict[str, list[tuple[dict[str, Any], float]]] = defaultdict(list)
    for run in all_runs():
        record, status = run.record(), run.status()
        if record["paper"] == "infinite_compute" and status["state"] in FINISHED and plain(record["config"], options.scale):
            loss = status["final"]["val/loss"] if status["state"] == "done" else float("inf")
            families[family(record["config"])].append((record["config"], loss))
    if not families:
        return {}
    members = max((families[key] for key in sorted(families)), key=len)
    ladders = {axis: tuple(members[0][0]["ladders"][axis]) for axis in AXES}
    losses: dict[tuple[int, str], dict[Point, float]] = defaultdict(dict)
    for config, loss in members:
        point = tuple(float(config[section][name]) for section, name in AXES.values())
        off = any(value not in ladder for value, ladder in zip(point, ladders.values(), strict=True))
        if asked(config, options) and not off and (options.recipe != "standard" or point[2] == STANDARD_DECAY):
            losses[config["data"]["tokens"], config["model"]["name"]][point] = loss
    fixed = RECIPES[options.recipe]
    return {cell: search(losses[cell], min(losses[cell], key=losses[cell].get), ladders, fixed) for cell in sorted(losses)}


def plain(config: dict[str, Any], scale: str) -> bool:
    """Whether a run may be a cell of a search: a model with a name, nothing but real text, from scratch, the scale's own batch."""
    return (
        config["entry"] == "train"
        and config["scale"] == scale
        and config["model"]["name"] != "custom"
        and not config["synthetic"]["weight"]
        and not config["start"]["data"]
        and config["train"]["batch_size"] == config["ladders"]["batch_size"]
    )


def family(config: dict[str, Any]) -> str:
    """Equal for runs that differ in nothing but the axes, D and the model."""
    data = {key: value for key, value in config["data"].items() if key != "tokens"}
    optim = {key: value for key, value in config["optim"].items() if key not in ("lr", "weight_decay")}
    shared = [config["seed"], data, config["model"]["dtype"], optim, config["train"]["batch_size"], config["evaluation"]]
    return json.dumps(shared, sort_keys=True)


def asked(config: dict[str, Any], options: argparse.Namespace) -> bool:
    return options.model in ("", config["model"]["name"]) and options.tokens in (0, config["data"]["tokens"])


def launch(options: argparse.Namespace, cell: tuple[int, str], point: Point) -> int:
    """Runs a point's neighbours that are not done yet; the launcher's exit code."""
    tag = ["--sweep=standard"] if options.recipe == "standard" else []
    words = [sys.executable, "-m", "launch", "sweep", "infinite_compute/certify", f"--scale={options.scale}", "--yes", *tag]
    words += [f"--config.data.tokens={cell[0]}", f"--config.model.name={cell[1]}"]
    words += [f"--config.optim.lr={point[0]}", f"--config.train.epochs={int(point[1])}", f"--config.optim.weight_decay={point[2]}"]
    return subprocess.run(words).returncode


def show(options: argparse.Namespace, found: dict[tuple[int, str], Certificate]) -> None:
    table = Table(title=f"{options.recipe} recipe at scale {options.scale}", title_justify="left")
    for column in ("D", "model", "lr", "epochs", "decay", "val loss", "neighbours", "certified"):
        table.add_column(column)
    for (tokens, model), one in found.items():
        verdict = "yes" if one.certified else f"no: {len(one.missing)} neighbours missing (--launch runs them)"
        beside = f"{len(one.neighbours) - len(one.missing)} of {len(one.neighbours)}"
        table.add_row(str(tokens), model, *(f"{value:g}" for value in one.point), f"{one.loss:.4f}", beside, verdict)
    Console(width=None if sys.stdout.isatty() else 140).print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
