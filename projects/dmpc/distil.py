"""Distils a planner into an MLP: on states of the data that it has learned from, it is asked what it would do, and the MLP learns to answer
the same at once. It is evaluated as every other policy is."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from projects.dmpc import objectives, trained
from projects.dmpc.collect import load_transitions
from projects.dmpc.parts import student
from projects.dmpc.planner import planner, planning, unscored
from projects.dmpc.train import learn, learning, optimizer, split
from projects.dmpc.transitions import Transitions
from projects.dmpc.windows import Windows
from shared.errors import BadInput
from shared.lowering import Ahead, Program
from shared.run import Run

Tree = Any
BATCH = 32  # states for which plans are made together


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Asks, then trains. Returns the training's final numbers, or None when it was asked to stop before the end."""
    parts = {name: trained.load(needed[0]) for name, needed in run.needs.items() if name != "data"}
    agent, variables = trained.agent(parts, config.plan)
    transitions = load_transitions(config, run)
    farthest = max(parts.values(), key=lambda one: one.config.windows.history)  # back: it sees what any of them sees
    known = farthest.variables["stats"]
    windows = Windows(transitions, farthest.config.windows, known)
    rows, places = asked_in(transitions, config.distil.states, config.train.validation)
    answers = asked(config, agent, variables, windows, rows, run)
    if answers is None:
        return None

    def at(places: np.ndarray) -> Tree:
        seen = windows.at(rows[places])
        return {"history": seen["history"], "actions": windows.actions.normalise(answers[places])[:, None]}

    model = student(config)
    return learn(config, run, model, lambda key: model.init(key, known), at, places, config.distil.steps, rule(config))


def rule(config: ConfigDict) -> Callable:
    return lambda hyper: optimizer(config.optim, hyper["distil.lr"], config.distil.steps)


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    """The plans of a batch of states, and the student's training."""
    agent = trained.ahead({name: configs[0] for name, configs in ahead.needs.items() if name != "data"}, config.plan)
    plans = planning(agent, planner(agent, config.plan, objectives.of(config.objective, config.env.name, agent)), BATCH)
    learnt = learning(config, ahead, student(config), config.distil.steps, rule(config), ("history", "actions"))
    return [replace(plans, calls=-(-config.distil.states // BATCH)), learnt]


def asked_in(transitions: Transitions, count: int, share: float) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """So many rows [N], evenly among those of the episodes that the planner's parts have learned from, and a share of them among those that
    they have not, to hold them out here as well; and the places of either among the rows."""
    held = min(max(1, round(share * count)), count - 1)
    sizes = count - held, held
    rows = [some[np.arange(size) * len(some) // size] for some, size in zip(split(transitions, share), sizes, strict=True)]
    return np.concatenate(rows), (np.arange(count - held), np.arange(count - held, count))


def asked(config: ConfigDict, agent: Any, variables: Tree, windows: Windows, rows: np.ndarray, run: Run) -> np.ndarray | None:
    """The first actions [N, A] of plans that are made in these rows [N], as if each were the first of an episode but for its history.
    What a plan draws follows from its place among the rows."""
    find = planner(agent, config.plan, objectives.of(config.objective, config.env.name, agent))
    keys = jax.random.split(jax.random.key(0), len(rows))
    before = np.zeros((BATCH, agent.horizon, agent.actions), np.float32)
    found = []
    for first in range(0, len(rows), BATCH):
        if run.stopping:
            return None
        some = np.resize(np.arange(first, min(first + BATCH, len(rows))), BATCH)  # the last ones fill a batch by beginning again
        known, alive = windows.raw(rows[some]), np.arange(BATCH) < len(rows) - first
        plan = find(variables, known["history"], known["past"], before, alive, keys[some])
        for place in unscored(plan, alive):
            row = rows[some[place]]
            raise BadInput(f"the objective is no number for any candidate in row {row} of the data: look at its formula")
        found.append(np.asarray(plan.actions[:, 0]))
    return np.concatenate(found)[: len(rows)]
