"""python -m launch VERB ...: reads the command line, calls the verb, turns bad input into one line and exit code 2."""

import argparse
import sys
from typing import NoReturn

from launch.globs import given
from shared.errors import BadInput, one_line

ABOUT = """\
exit codes: 0 all done, 1 some runs failed, 2 bad input (nothing was lost)
overrides: --config.<field>=<value>, as often as wanted (`show` lists the fields)
"""


class Parser(argparse.ArgumentParser):
    """Its errors are bad input like any other: one line."""

    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message}: see `{self.prog} --help`")


def count(text: str) -> int:
    """A whole number of things on the command line."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 0")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """All verbs. A CONFIG is paper/name, as `list` prints it, or a path below configs/."""
    top = Parser("python -m launch", epilog=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, text: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, help=text, description=text)

    def config(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("config", metavar="CONFIG")
        sub.add_argument("--scale", default="cpu", help="smoke, cpu (default), gpu or paper")

    def tagged(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--sweep", default="", metavar="TAG", help="sweep_TAG of the config file instead of sweep")

    def launching(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--on", default="local", metavar="CLUSTER", help="a file of configs/clusters/ (default: this machine)")
        sub.add_argument("--detach", action="store_true", help="leave once a cluster has all jobs; the same command watches them later")
        sub.add_argument("--jobs", type=count, default=0, help="workers at once (default: one per core, or per accelerator)")
        sub.add_argument("--yes", action="store_true", help="launch without asking")
        sub.add_argument("--dry", action="store_true", help="preview only")
        sub.add_argument("--canary", action="store_true", help="one run first, the rest only if it lives")
        sub.add_argument("--fail-fast", action="store_true", help="stop everything at the first failure")
        sub.add_argument("--limit", type=count, default=0, help="only the first N cells of the sweep")
        sub.add_argument(
            "--rerun", default="", choices=("", "stale", "diverged", "all"), metavar="WHICH",
            help="also repeat finished runs: stale (the code changed since), diverged, or all",
        )  # fmt: skip

    sub = verb("list", "papers, their figures and what each costs")
    sub.add_argument("paper", nargs="?", default="")
    sub = verb("show", "a resolved config, its sweep and its needs; or what they would ask of a mesh, and cost")
    config(sub), tagged(sub)
    sub.add_argument("--mesh", default="", metavar="NAME", help="lower the programs for a mesh (configs/meshes.py) that need not be here")
    sub = verb("run", "one config, as one run (its sweep is left out)")
    config(sub), launching(sub)
    sub = verb("sweep", "all runs of a config file: preview, then launch what is not done yet")
    config(sub), tagged(sub), launching(sub)
    sub = verb("status", "sweeps and runs as they stand")
    sub.add_argument("glob", nargs="?", default="", help="sweep (paper/config) or run id, wildcards allowed")
    sub.add_argument("--watch", action="store_true", help="live, until every run has ended or Ctrl-C")
    sub = verb("logs", "what a run printed")
    sub.add_argument("run", metavar="RUN", type=given)
    sub.add_argument("-f", "--follow", action="store_true")
    sub = verb("cancel", "stop runs; what they saved stays")
    sub.add_argument("glob", type=given, help="sweep (paper/config) or run id, wildcards allowed")
    sub = verb("retry", "launch again what failed, was cancelled or was preempted in a recorded sweep or of a run")
    sub.add_argument("glob", type=given, help="sweep (paper/config) or run id, wildcards allowed")
    launching(sub)
    sub = verb("compare", "one row per setting, seeds folded into mean and interval")
    either = "sweep (paper/config) or run id, wildcards allowed; two runs: what differs"
    sub.add_argument("globs", metavar="GLOB", nargs="+", type=given, help=either)
    sub.add_argument("--metric", default="", help="the number to compare (default: the first final number)")
    sub.add_argument("--csv", default="", metavar="FILE")
    sub.add_argument("--page", default="", metavar="FILE.html", help="also as a page, with learning curves and parallel coordinates")
    sub.add_argument("--wandb", action="store_true", help="read the runs from W&B instead of their directories (needs WANDB_API_KEY)")
    sub = verb("figure", "the paper's figure from finished runs, else from the committed results")
    sub.add_argument("config", metavar="CONFIG")
    sub.add_argument("--scale", default="cpu")
    sub.add_argument("--out", default="out")
    sub.add_argument("--run-missing", action="store_true", help="launch exactly the missing runs first, with the options below")
    launching(sub)
    sub.add_argument("--record", action="store_true", help="write the table to projects/<paper>/results/<scale>/")
    sub = verb("report", "figures, runs and comparisons on one static page")
    sub.add_argument("--out", default="out")
    sub.add_argument("--scale", default="cpu")
    sub = verb("data", "data sets: list them, or fetch and prepare one")
    sub.add_argument("name", nargs="?", default="")
    sub.add_argument("--vocab", type=int, default=512, help="of a text")
    sub.add_argument("--from", dest="source", default="", metavar="FILE", help="a copy fetched by other means, or its folder")
    sub = verb("gc", "delete old checkpoints and half-written files, never a result: preview first")
    sub.add_argument("glob", nargs="?", default="", help="sweep (paper/config) or run id, wildcards allowed; without one the cache too")
    sub.add_argument("--days", type=count, default=30, help="age of a checkpoint nobody comes back for (default: 30)")
    sub.add_argument("--yes", action="store_true", help="delete without asking")
    sub.add_argument("--dry", action="store_true", help="preview only")
    verb("doctor", "what works on this machine, what does not, and what to type")
    sub = verb("new-paper", "the rooms of a new paper, with one figure that works")
    sub.add_argument("name", metavar="NAME")
    sub = verb("sync", "upload offline W&B runs (needs WANDB_API_KEY); safe to repeat")
    sub.add_argument("glob", nargs="?", default="*")
    sub.add_argument("--report", action="store_true", help="then write a report of each sweep on W&B (needs the package wandb-workspaces)")
    return top


def main(arguments: list[str]) -> int:
    try:
        return dispatch(*parser().parse_known_args(arguments))
    except BadInput as error:
        print(f"error: {one_line(str(error))}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0


def dispatch(options: argparse.Namespace, rest: list[str]) -> int:
    """Each verb lives in a module of its own, imported only when asked for."""
    takes_overrides = options.verb in ("show", "run", "sweep", "figure")
    if rest and not takes_overrides:
        raise BadInput(f"{rest[0]!r} means nothing to `launch {options.verb}`: see `python -m launch {options.verb} --help`")
    match options.verb:
        case "list" | "show":
            from launch import show

            return show.list_papers(options.paper) if options.verb == "list" else show.show(options, rest)
        case "run" | "sweep" | "retry":
            from launch import start

            return getattr(start, options.verb)(options, rest)
        case "status" | "logs" | "cancel":
            from launch import status

            return getattr(status, options.verb)(options)
        case "compare":
            from launch import compare

            return compare.compare(options)
        case "figure":
            from launch import figure

            return figure.figure(options, rest)
        case "report":
            from launch import report

            return report.report(options)
        case "data":
            from launch import data

            return data.data(options)
        case "gc":
            from launch import gc

            return gc.gc(options)
        case "doctor":
            from launch import doctor

            return doctor.doctor(options)
        case "new-paper":
            from launch import new

            return new.new_paper(options)
        case _:
            from launch import sync

            return sync.sync(options)
