"""Tiny world models for tests: runs planned as the launcher does and computed in this process, and configs without a run."""

from typing import Any

import helpers
from ml_collections import ConfigDict

from configs.lewm import base
from launch.plan import Plan, RunSpec, build


def config(scale: str = "smoke", **changes: Any) -> ConfigDict:
    """A resolved config; dots are written as two underscores."""
    made = ConfigDict(base.get_config(scale).to_dict())
    made.update_from_flattened_dict({key.replace("__", "."): value for key, value in changes.items()})
    return base.resolve(made)


def plan(name: str, **changes: Any) -> Plan:
    """One run at scale smoke, and what it needs."""
    flags = [f"--config.{key.replace('__', '.')}={value}" for key, value in changes.items()]
    return build(f"lewm/{name}", "smoke", flags, single=True)


def compute(wanted: Plan) -> RunSpec:
    """Every run of a plan, one after the other, in this process. Returns the run that was asked for."""
    from launch import sweep

    sweep.create(wanted)
    for run in wanted.runs.values():
        assert helpers.work([run]) == 0, run.dir.status().get("error")
    return wanted.runs[wanted.targets[0]]
