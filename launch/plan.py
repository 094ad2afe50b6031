"""Config file + scale + overrides + sweep -> a plan: a DAG of content-addressed runs. Pure: reads config files, touches
no disk, never imports jax."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from launch import authored, configs
from shared.errors import BadInput
from shared.rundir import RunDir, runs_root

# What cannot change a result stays out of a run's identity: two runs that differ only here are the same run. A paper may name
# further fields (configs.outside).
OUTSIDE_IDENTITY = ("scale", "mesh", "packable", "save")
MOST_CELLS = 100_000
LONGEST_CHAIN = 30  # needs of needs of needs


@dataclass(frozen=True)
class RunSpec:
    """One run: what it computes, and the runs whose results it consumes."""

    id: str
    paper: str
    config: dict[str, Any] = field(compare=False, repr=False)
    needs: dict[str, list[str]] = field(compare=False, repr=False)  # name -> run ids
    flops: float = field(compare=False, default=0.0)
    bytes: float = field(compare=False, default=0.0)  # device memory to train it: parameters, gradient, moments, activations
    state: float = field(compare=False, default=0.0)  # of these, what a smaller batch leaves: all but the activations
    source: str = field(compare=False, default="")

    @property
    def dir(self) -> RunDir:
        return RunDir(runs_root() / self.paper / self.config["entry"] / self.id)

    @cached_property
    def flat(self) -> dict[str, Any]:
        return configs.flatten(self.config)

    def record(self, label: str, group: str) -> dict[str, Any]:
        """config.json."""
        return {
            "identity": self.id,
            "paper": self.paper,
            "scale": self.config["scale"],
            "config": self.config,
            "needs": self.needs,
            "label": label,
            "group": group,
        }


@dataclass(frozen=True)
class Plan:
    """`targets` are the cells of the sweep; `runs` holds them and everything they need, needs first."""

    name: str
    scale: str
    runs: dict[str, RunSpec]
    targets: list[str]
    duplicates: int  # cells that turned out to be the same run as another cell
    single: bool  # one run, without the file's sweep

    def only(self, targets: list[str]) -> "Plan":
        """These cells and what they need."""
        kept = set(targets)
        for run_id in reversed(self.runs):  # what it needs comes before it
            if run_id in kept:
                kept.update(need for needs in self.runs[run_id].needs.values() for need in needs)
        runs = {run_id: run for run_id, run in self.runs.items() if run_id in kept}
        return replace(self, runs=runs, targets=targets)

    def ancestry(self, run_id: str) -> set[str]:
        """A run and everything it needs."""
        needs = (need for needs in self.runs[run_id].needs.values() for need in needs)
        return {run_id}.union(*(self.ancestry(need) for need in needs))

    @cached_property
    def columns(self) -> list[str]:
        """The config fields that tell the targets apart."""
        return telling([self.runs[target].flat for target in self.targets])

    @cached_property
    def peers(self) -> dict[str, list[str]]:
        """Entry point -> the fields that tell its runs apart."""
        entries = {run.config["entry"] for run in self.runs.values()}
        kinds = {entry: [run.flat for run in self.runs.values() if run.config["entry"] == entry] for entry in entries}
        return {entry: telling(rows) for entry, rows in kinds.items()}

    def label(self, run_id: str) -> str:
        """A readable name: the fields in which this run differs from the others of its kind."""
        run = self.runs[run_id]
        return " ".join(f"{key.split('.')[-1]}={short(run.flat[key])}" for key in self.peers[run.config["entry"]])[:64]


def telling(rows: list[dict[str, Any]]) -> list[str]:
    """The fields that differ between rows, less those that follow from a single other one (steps from epochs, widths
    from the model's name). Choices come before what is derived from them, so text fields come first."""
    keys = [key for key in dict.fromkeys(key for row in rows for key in row) if key not in ("packable", "scale")]
    varied = [key for key in keys if any(row.get(key) != rows[0].get(key) for row in rows)]
    values = {key: [json.dumps(row.get(key)) for row in rows] for key in varied}
    differing = sorted(varied, key=lambda key: (values[key][0][0] != '"', depth(key)))
    kept: list[str] = []
    for key in differing:
        if not any(len(set(zip(values[one], values[key], strict=True))) == len(set(values[one])) for one in kept):
            kept.append(key)
    return kept


def depth(key: str) -> tuple[bool, bool]:
    """Sort key: what is derived (train.steps) after what is chosen."""
    return key.endswith("steps"), key.startswith("data.seed")


def short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def build(name: str, scale: str, arguments: list[str], tag: str = "", single: bool = False, builder: "Builder | None" = None) -> Plan:
    """Expands one config file: `sweep` (or `sweep_<tag>`, or for a `single` run none), its needs, and theirs. `builder`: one for several
    files of a scale, which resolves but once what they share."""
    module, builder = configs.load(name), builder or Builder(scale)
    base, fields = builder.base(module, arguments)
    cells = [{}] if single else expand(module, base, tag)
    found = [line for cell in cells for line in configs.problems(fields, cell)]
    found += [f"{key} is swept by {name}: leave out --config.{key}" for key in overruled(base, cells, arguments)]
    if found:
        raise BadInput("; ".join(dict.fromkeys(found)))
    targets = [builder.add(module, base, cell) for cell in cells]
    lost = ignored(module, base, arguments, [builder.runs[target].flat for target in targets]) if arguments else []
    if lost:
        raise BadInput("; ".join(f"{key}: with the other choices no run of {name} reads it: leave out --config.{key}" for key in lost))
    plan = Plan(configs.name_of(module), scale, builder.runs, list(dict.fromkeys(targets)), len(targets) - len(set(targets)), single)
    return plan.only(plan.targets)


def overruled(base: Any, cells: list[dict[str, Any]], arguments: list[str]) -> list[str]:
    """The fields given on the command line that no cell keeps: the sweep sets them all otherwise."""
    fields = configs.flatten(base.to_dict())
    given = [key for key in map(configs.key_of, arguments) if all(key in cell for cell in cells)]
    return [key for key in given if all(cell[key] != fields[key] for cell in cells)]


def ignored(module: Any, base: Any, arguments: list[str], resolved: list[dict[str, Any]]) -> list[str]:
    """The fields given on the command line that no run keeps, because a file's resolve() puts aside what its choices leave unread."""
    asked, plain = configs.flatten(base.to_dict()), configs.flatten(configs.base_config(module, base.scale, []).to_dict())
    given = [key for key in map(configs.key_of, arguments) if asked[key] != plain[key]]
    return [key for key in given if all(json.dumps(run[key]) != json.dumps(asked[key]) for run in resolved)]


def expand(module: Any, base: Any, tag: str) -> list[dict[str, Any]]:
    """The cells of the sweep; a file without one is a single run."""
    wanted = f"sweep_{tag}" if tag else "sweep"
    if not hasattr(module, wanted):
        tags = [item.removeprefix("sweep_") for item in dir(module) if item.startswith("sweep_")]
        if tag:
            raise BadInput(f"{configs.name_of(module)} has no sweep {tag!r}; it has {', '.join(tags) or 'none'}")
        return [{}]
    cells = authored.cells(configs.name_of(module), getattr(module, wanted), base, MOST_CELLS)
    if not cells:
        raise BadInput(f"the sweep of {configs.name_of(module)} is empty at scale {base.scale!r}: choose another --scale or --sweep")
    if len(cells) > MOST_CELLS:
        raise BadInput(f"the sweep of {configs.name_of(module)} has more than {MOST_CELLS:,} cells: split it into several config files")
    return cells


class Builder:
    """Collects runs, needs first, each once."""

    def __init__(self, scale: str):
        self.scale = scale
        self.runs: dict[str, RunSpec] = {}
        self.open: list[str] = []  # the chain of needs being followed, to find a cycle
        self.bases: dict[tuple[str, ...], tuple[Any, dict[str, Any]]] = {}  # config file, arguments -> its config, and the same flat
        self.known: dict[str, str] = {}  # (file, overrides) -> run id

    def base(self, module: Any, arguments: list[str]) -> tuple[Any, dict[str, Any]]:
        """What the cells of a file, or those that need one of its runs, put their overrides on; and the same flat."""
        key = configs.name_of(module), *arguments
        if key not in self.bases:
            base = configs.base_config(module, self.scale, arguments)
            self.bases[key] = base, configs.flatten(base.to_dict())
        return self.bases[key]

    def add(self, module: Any, base: Any, overrides: dict[str, Any]) -> str:
        name = configs.name_of(module)
        mark = json.dumps([name, id(base), overrides], sort_keys=True)
        if mark in self.known:
            return self.known[mark]
        if mark in self.open or len(self.open) > LONGEST_CHAIN:
            raise BadInput(f"{name} needs itself, by way of its own needs: break the cycle in its needs()")
        settings, config = configs.resolved(module, base, overrides)
        asked = authored.needs(name, module, settings)
        self.open.append(mark)
        try:
            needs = {key: [self.need(file, changes) for file, changes in pairs] for key, pairs in asked.items()}
        finally:
            self.open.pop()
        paper = name.split("/")[0]
        run_id = identity(paper, config, needs)
        self.runs.setdefault(run_id, RunSpec(run_id, paper, config, needs, *authored.cost(name, module, settings), name))
        self.known[mark] = run_id
        return run_id

    def need(self, file: str, overrides: dict[str, Any]) -> str:
        module = configs.load(file)
        base, fields = self.base(module, [])
        wrong = configs.problems(fields, overrides)
        if wrong:
            raise BadInput(f"a need of {file}: " + "; ".join(wrong))
        return self.add(module, base, overrides)


def inside(paper: str, config: dict[str, Any]) -> dict[str, Any]:
    """The part of a config that fixes the result."""
    return without(config, {*OUTSIDE_IDENTITY, *configs.outside(paper, config["entry"])})


def without(config: dict[str, Any], fields: Collection[str]) -> dict[str, Any]:
    """A config less these fields: whole sections (`data`), or one field of a section (`data.vocab`)."""
    inner = {key: [field.removeprefix(f"{key}.") for field in fields if field.startswith(f"{key}.")] for key in config}
    return {key: without(value, inner[key]) if inner[key] else value for key, value in config.items() if key not in fields}


def identity(paper: str, config: dict[str, Any], needs: dict[str, list[str]]) -> str:
    """Hash of the canonical JSON of what fixes the result: 12 hex digits."""
    text = json.dumps({"config": inside(paper, config), "needs": needs}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
