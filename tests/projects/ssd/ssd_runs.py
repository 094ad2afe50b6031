"""Runs of the pair at scale smoke: planned and created as the launcher does, computed by the worker in this process."""

from typing import Any
from unittest import mock

import helpers
import jax
import numpy as np
from ml_collections import ConfigDict

from launch import sweep
from launch.plan import Plan, RunSpec, build
from projects.ssd import engine
from projects.ssd.model import build as model
from projects.ssd.model import decoder_config
from shared.checkpoint import load_weights

# Long enough texts to interrupt one, and few steps.
TINY = {"data.context": 256, "data.tokens": 16_384, "sample.tokens": 8_192, "distil.tokens": 8_192, "evaluation.tokens": 1_024}


def flags(**changes: Any) -> list[str]:
    """--config flags of the tiny runs; dots are written as two underscores."""
    settings = TINY | {key.replace("__", "."): value for key, value in changes.items()}
    return [f"--config.{key}={value}" for key, value in settings.items()]


def plan(name: str, **changes: Any) -> Plan:
    """One run, and what it needs."""
    return build(f"ssd/{name}", "smoke", flags(**changes), single=True)


def compute(plan: Plan) -> int:
    """Every run, needs first, those that are done left out. Returns the first exit code that is not 0. SSD runs as itself although a test
    has one device."""
    sweep.create(plan)
    with mock.patch.object(engine, "alone", lambda: False):
        todo = [run for run in plan.runs.values() if run.dir.state() != "done"]
        return next((code for code in (helpers.work([run]) for run in todo) if code), 0)


def by_entry(plan: Plan) -> dict[str, RunSpec]:
    return {run.config["entry"]: run for run in plan.runs.values()}


def weights(run: RunSpec) -> list[np.ndarray]:
    """The final parameters of a trained target or draft, leaf by leaf."""
    built = model(decoder_config(ConfigDict(run.config)))
    return [np.asarray(leaf) for leaf in jax.tree.leaves(load_weights(run.dir, built))]
