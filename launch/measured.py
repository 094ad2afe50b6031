"""A run as compare looks at it, wherever it was read: from its directory, or from W&B."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from launch import configs
from launch.globs import fits
from shared.errors import BadInput
from shared.rundir import RunDir

STATES = {"finished": "done", "crashed": "failed", "killed": "cancelled"}  # W&B's names, where they are not ours


@dataclass(frozen=True)
class Measured:
    id: str
    paper: str
    scale: str
    group: str  # the config file that asked for it first
    config: dict[str, Any]
    state: str
    final: dict[str, float | None]
    where: str  # what says everything about it
    rows: Callable[[], Iterable[dict[str, Any]]] = field(repr=False)  # its metrics; read only where curves are drawn


def on_disk(run: RunDir) -> Measured:
    record, status = run.record(), run.status()
    return Measured(
        run.id, record["paper"], record["scale"], record["group"], record["config"], run.state(status), status.get("final", {}),
        str(run.path / "config.json"), run.metrics,
    )  # fmt: skip


def on_wandb(glob: str) -> list[Measured]:
    """The runs whose group (paper/config) or id matches, of the paper's project. BadInput without a key or without such runs."""
    import wandb

    require_key()
    paper = glob.split("/")[0]
    if paper not in {name.split("/")[0] for name in configs.names()}:
        raise BadInput(f"{glob!r} names no project of W&B: begin it with a paper, as in {configs.names()[0]}")
    try:
        api = wandb.Api(timeout=60)
        found = [run for run in api.runs(f"{api.default_entity}/{paper}", lazy=False) if matches(run, glob)]
    except (wandb.errors.Error, ValueError, OSError) as error:
        raise BadInput(f"W&B does not show {paper}: {str(error).splitlines()[0]}") from None
    if not found:
        raise BadInput(f"no run on W&B matches {glob!r}: `python -m launch sync` uploads what was logged offline")
    return [of_wandb(paper, run) for run in found]


def matches(run: Any, glob: str) -> bool:
    paper, _, rest = glob.partition("/")
    return not rest or fits(run.group or "", glob) or fits(run.id, rest)


def of_wandb(paper: str, run: Any) -> Measured:
    """The summary also holds what was logged last, and W&B's own entries, which begin with _."""
    numbers = {name: value for name, value in run.summary_metrics.items() if isinstance(value, (int, float)) and not name.startswith("_")}
    numbers.pop("step", None)
    final = dict(sorted(numbers.items(), key=lambda item: (item[0].split("/")[0] in ("train", "perf"), item[0])))
    state, scale = STATES.get(run.state, run.state), next(iter(run.tags), "")
    return Measured(run.id, paper, scale, run.group or "", run.config, state, final, run.url, run.scan_history)


def require_key() -> None:
    if not os.environ.get("WANDB_API_KEY"):
        raise BadInput("no WANDB_API_KEY in the environment: export the one from wandb.ai/authorize (or of your own server)")
