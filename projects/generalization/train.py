"""Trains a classifier on labels of which a share is altered, and measures what its curvature says of it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from projects.generalization import labels
from projects.generalization.measures import measured
from projects.generalization.problem import Problem, optimizer, problem, without_points
from shared.data import labelled
from shared.fit import Schedule, Task, fit
from shared.lowering import Ahead, Program, step
from shared.run import Run


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Returns errors and negative log likelihoods on all points, and what else was asked for; None when it was asked to stop before the
    end."""
    one = problem(config)
    fitted = fit(task(config.train, one, run.hyper["seed"]), schedule(config), run)
    if fitted is None:
        return None
    run.save_weights(fitted.params)
    found = measured(config.measure, one, fitted.params, run)
    return None if found is None else fitted.final | found | {"parameters": one.size}


def task(chosen: ConfigDict, one: Problem, seeds: Sequence[int]) -> Task:
    """One network per seed, each with batches of its own; `chosen` is the section `train`."""
    batches = [labels.batches(one.train, chosen.batch_size, int(seed)) for seed in seeds]
    return Task(
        init=lambda key, hyper: one.model.init(key),
        loss=lambda params, batch, key, hyper: (one.loss(params, batch), {}),
        optimizer=lambda hyper: optimizer(chosen, chosen.lr, chosen.steps),
        batch=lambda step: jax.tree.map(lambda *rows: np.stack(rows), *(batch(step) for batch in batches)),  # [K, B, ...]
        evaluate=one.judged,
        axes=one.model.axes,
        tokens_per_batch=chosen.batch_size,
    )


def schedule(config: ConfigDict) -> Schedule:
    c = config.train
    return Schedule(c.steps, max(1, c.steps // 20), max(1, c.steps // c.evaluations), config.save.every_minutes)


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    """The training; what is measured of its curvature is left out."""
    data = labelled.blank(config.data.name)
    rows = labels.shapes(data, (len(ahead.hyper["seed"]), config.train.batch_size))
    abstract = replace(task(config.train, without_points(config, data), ()), batch=lambda step: rows)
    return [step(abstract, schedule(config), ahead)]
