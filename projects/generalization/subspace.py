"""Trains a network within a random subspace: v [d] from zero, theta = theta_0 + P v (section 2.3; Li et al., 2018; Lotfi et al., 2022)."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from ml_collections import ConfigDict

from projects.generalization import labels
from projects.generalization.family import Family, family, mistakes
from shared.data import labelled
from shared.fit import Schedule, Task, fit
from shared.lowering import Ahead, Program, step
from shared.optim import warmup_cosine
from shared.run import Run


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Returns errors on all training and test points, in full precision; None when it was asked to stop before the end."""
    data = labelled.load(config.data.name)
    points = labels.training(data, config.subspace.altered, config.subspace.altered_seed)
    one = family(config.network.name, config.subspace.projector, config.subspace.dimension, data)
    batches = [labels.batches(points, config.subspace.batch_size, int(seed)) for seed in run.hyper["seed"]]
    wrong = mistakes(one)

    def errors(params: Any, inputs: np.ndarray, classes: np.ndarray) -> np.ndarray:
        members = [jax.tree.map(lambda leaf: leaf[index], params) for index in range(len(run))]  # noqa: B023
        return np.array([wrong(member["frozen"], member["v"], inputs, classes) for member in members]) / len(classes)

    stacked = lambda step: jax.tree.map(lambda *rows: np.stack(rows), *(batch(step) for batch in batches))  # noqa: E731  [K, B, ...]
    judge = lambda params: {"test/error": errors(params, data.test.inputs, data.test.labels)}  # noqa: E731
    fitted = fit(task(config, one, stacked, judge), schedule(config), run)
    if fitted is None:
        return None
    run.save_weights({"v": fitted.params["v"]})
    return fitted.final | {"train/error": errors(fitted.params, *points), "parameters": one.size}


def task(config: ConfigDict, one: Family, batch: Callable, evaluate: Callable) -> Task:
    c = config.subspace

    def loss(params: Any, batch: labels.Points, key: jax.Array, hyper: dict) -> tuple[jax.Array, dict]:
        value = cross_entropy(one, params["frozen"], params["v"], batch)
        return value, {"frozen": params["frozen"]}

    return Task(
        init=lambda key, hyper: {"v": jnp.zeros(c.dimension), "frozen": one.freeze(hyper["seed"])},
        loss=loss,
        optimizer=lambda hyper: optax.adam(warmup_cosine(c.lr, c.steps, c.warmup)),
        batch=batch,
        evaluate=evaluate,
        axes={"v": (None,), "frozen": one.axes},
        tokens_per_batch=c.batch_size,
        buffers=("frozen",),
    )


def schedule(config: ConfigDict) -> Schedule:
    c = config.subspace
    return Schedule(c.steps, max(1, c.steps // 20), max(1, c.steps // c.evaluations), config.save.every_minutes)


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    data, c = labelled.blank(config.data.name), config.subspace
    one = family(config.network.name, c.projector, c.dimension, data)
    rows = labels.shapes(data, (len(ahead.hyper["seed"]), c.batch_size))
    return [step(task(config, one, lambda step: rows, lambda params: {}), schedule(config), ahead)]


def cross_entropy(one: Family, frozen: Any, v: jax.Array, batch: labels.Points) -> jax.Array:
    """Mean over a batch, in nats."""
    return optax.softmax_cross_entropy_with_integer_labels(one.logits(frozen, v, batch.inputs), batch.labels).mean()
