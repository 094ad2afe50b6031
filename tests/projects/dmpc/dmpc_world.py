"""Tiny runs and data sets for tests."""

from typing import Any

import helpers
import numpy as np
from ml_collections import ConfigDict, FrozenConfigDict

from configs.dmpc import base
from launch import sweep
from launch.plan import Plan, build
from projects.dmpc.envs import Spec
from projects.dmpc.transitions import Transitions
from shared.run import Run
from shared.rundir import RunDir

SPEC = Spec("ring", "v0", 4, 2, 2, 2, 200)
MESH = {"member": 1, "data": 1, "fsdp": 1, "tensor": 1}


def config(**changes: Any) -> ConfigDict:
    """A resolved config at scale smoke; dots are written as two underscores."""
    made = ConfigDict(base.get_config("smoke").to_dict())
    made.update_from_flattened_dict({key.replace("__", "."): value for key, value in changes.items()})
    return base.resolve(made)


def plan(name: str, **changes: Any) -> Plan:
    flags = [f"--config.{key.replace('__', '.')}={value}" for key, value in changes.items()]
    return build(f"dmpc/{name}", "smoke", flags, single=True)


def done(name: str, **changes: Any) -> RunDir:
    """A finished run, computed in this process."""
    wanted = plan(name, **changes)
    assert helpers.compute(wanted) == 0, only(wanted).status()["error"]
    return only(wanted)


def only(wanted: Plan) -> RunDir:
    return next(iter(wanted.runs.values())).dir


def waiting(name: str, **changes: Any) -> tuple[FrozenConfigDict, Run]:
    """A run that no worker carries."""
    wanted = plan(name, **changes)
    sweep.create(wanted)
    return FrozenConfigDict(only(wanted).record()["config"]), Run([only(wanted)], (), MESH, {})


def transitions(episodes: list[tuple[int, bool]], seed: int = 0) -> Transitions:
    """Of (steps, failed) each; the first number of a state counts the episodes, the second one its steps."""
    rng = np.random.default_rng(seed)
    states = [np.stack([np.full(n + 1, e), np.arange(n + 1), *rng.normal(size=(2, n + 1))], 1) for e, (n, _) in enumerate(episodes)]
    last = np.concatenate([np.arange(n) == n - 1 for n, _ in episodes])
    failed = np.repeat([failed for _, failed in episodes], [n for n, _ in episodes])
    count = len(last)
    return Transitions(
        observations=np.concatenate([path[:-1] for path in states], dtype=np.float32),
        actions=rng.uniform(-1, 1, (count, 2)).astype(np.float32),
        rewards=rng.normal(size=count).astype(np.float32),
        terminals=last & failed,
        timeouts=last & ~failed,
        next_observations=np.concatenate([path[1:] for path in states], dtype=np.float32),
        qpos=rng.normal(size=(count, 2)),
        qvel=rng.normal(size=(count, 2)),
    )
