"""Distils a planner into an MLP: on states of the data that it has learned from, it is asked what it would do, and the MLP learns to answer
the same at once. It is evaluated as every other policy is."""

from dataclasses import replace
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from projects.dmpc import objectives, trained
from projects.dmpc.collect import load_transitions
from projects.dmpc.parts import student
from projects.dmpc.planner import planner, planning
from projects.dmpc.train import learn, learning, optimizer
from projects.dmpc.units import stats
from projects.dmpc.windows import Windows
from shared.lowering import Ahead, Program
from shared.run import Run

Tree = Any
BATCH = 32  # states for which plans are made together


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Asks, then trains. Returns the training's final numbers, or None when it was asked to stop before the end."""
    parts = {name: trained.load(needed[0]) for name, needed in run.needs.items() if name != "data"}
    agent, variables = trained.agent(parts, config.plan)
    transitions, count = load_transitions(config, run), config.distil.states
    windows = Windows(transitions, config.windows)
    rows = np.arange(count) * len(transitions) // count  # evenly
    answers = asked(config, agent, variables, windows, rows, run)
    if answers is None:
        return None

    def at(places: np.ndarray) -> Tree:
        known = windows.at(rows[places])
        return {"history": known["history"], "actions": windows.actions.normalise(answers[places])[:, None]}

    held = np.arange(count) % 10 == 9
    model, known = student(config), stats(windows)
    rule = lambda hyper: optimizer(config, hyper["optim.lr"])  # noqa: E731
    places = np.flatnonzero(~held), np.flatnonzero(held)
    return learn(config, run, model, lambda key: model.init(key, known), at, places, config.train.steps, rule)


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    """The plans of a batch of states, and the student's training."""
    agent = trained.ahead({name: configs[0] for name, configs in ahead.needs.items() if name != "data"}, config.plan)
    plans = planning(agent, planner(agent, config.plan, objectives.of(config.objective, config.env.name, agent)), BATCH)
    rule = lambda hyper: optimizer(config, hyper["optim.lr"])  # noqa: E731
    learnt = learning(config, ahead, student(config), config.train.steps, rule, ("history", "actions"))
    return [replace(plans, calls=-(-config.distil.states // BATCH)), learnt]


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
        known = windows.at(rows[some])
        history, past = windows.states.denormalise(known["history"]), windows.actions.denormalise(known["past"])
        plan = find(variables, history, past, before, np.arange(BATCH) < len(rows) - first, keys[some])
        found.append(np.asarray(plan.actions[:, 0]))
    return np.concatenate(found)[: len(rows)]
