"""Trains within a random subspace: v [d] from zero, theta = theta_0 + P v (section 2.3; Li et al., 2018; Lotfi et al., 2022)."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from ml_collections import ConfigDict

from projects.generalization import labels
from projects.generalization.family import Family, family, mistakes
from projects.generalization.objective import Objective
from shared.data import labelled
from shared.fit import Fitted, Schedule, Task, fit
from shared.lowering import Ahead, Program, step
from shared.optim import warmup_cosine
from shared.run import Run


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """A classifier. Returns errors on all training and test points, in full precision; None when it was asked to stop before the end."""
    data = labelled.load(config.data.name)
    points = labels.training(data, config.subspace.altered, config.subspace.altered_seed)
    one = family(config.network.name, config.subspace.projector, config.subspace.dimension, data)
    fitted = train(classification(one, data, points, config.subspace.batch_size), config, run)
    if fitted is None:
        return None
    wrong = mistakes(one)
    errors = [wrong(of(fitted.params["frozen"], index), fitted.params["v"][index], *points) for index in range(len(run))]
    return fitted.final | {"train/error": np.array(errors) / len(points.labels), "parameters": one.size}


def classification(one: Family, data: labelled.LabelledSet, points: labels.Points, batch_size: int) -> Objective:
    """Labels of points, and the error on the test points."""
    wrong = mistakes(one)
    return Objective(
        freeze=one.freeze,
        axes=one.axes,
        loss=lambda frozen, v, batch: cross_entropy(one, frozen, v, batch),
        batches=lambda seed: labels.batches(points, batch_size, seed),
        measure=lambda frozen, v: {"test/error": wrong(frozen, v, *data.test) / len(data.test.labels)},
        count=len(points.labels),
        tokens_per_batch=batch_size,
    )


def cross_entropy(one: Family, frozen: Any, v: jax.Array, batch: labels.Points) -> jax.Array:
    """Mean over a batch, in nats."""
    return optax.softmax_cross_entropy_with_integer_labels(one.logits(frozen, v, batch.inputs), batch.labels).mean()


def train(one: Objective, config: ConfigDict, run: Run) -> Fitted | None:
    """v in full precision, which is kept as the run's weights; None when it was asked to stop before the end."""
    batches = [one.batches(int(seed)) for seed in run.hyper["seed"]]

    def evaluate(params: Any) -> dict[str, np.ndarray]:
        found = [one.measure(of(params["frozen"], index), params["v"][index]) for index in range(len(run))]
        return {name: np.array([each[name] for each in found]) for name in found[0]}

    stacked = lambda step: jax.tree.map(lambda *rows: np.stack(rows), *(batch(step) for batch in batches))  # noqa: E731  [K, B, ...]
    fitted = fit(task(one, config, stacked, evaluate), schedule(config), run)
    if fitted is not None:
        run.save_weights({"v": fitted.params["v"]})
    return fitted


def task(one: Objective, config: ConfigDict, batch: Callable, evaluate: Callable) -> Task:
    c = config.subspace

    def loss(params: Any, batch: Any, key: jax.Array, hyper: dict) -> tuple[jax.Array, dict]:
        return one.loss(params["frozen"], params["v"], batch), {"frozen": params["frozen"]}

    return Task(
        init=lambda key, hyper: {"v": jnp.zeros(c.dimension), "frozen": one.freeze(hyper["seed"])},
        loss=loss,
        optimizer=lambda hyper: optax.adam(warmup_cosine(c.lr, c.steps, c.warmup)),
        batch=batch,
        evaluate=evaluate,
        axes={"v": (None,), "frozen": one.axes},
        tokens_per_batch=one.tokens_per_batch,
        buffers=("frozen",),
    )


def schedule(config: ConfigDict) -> Schedule:
    c = config.subspace
    return Schedule(c.steps, max(1, c.steps // 20), max(1, c.steps // c.evaluations), config.save.every_minutes)


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    one, rows = unseen(config, len(ahead.hyper["seed"]))
    return [step(task(one, config, lambda step: rows, lambda params: {}), schedule(config), ahead)]


def unseen(config: ConfigDict, members: int) -> tuple[Objective, labels.Points]:
    """The classifier's objective without its data, and the shapes of a batch."""
    c, data = config.subspace, labelled.blank(config.data.name)
    one = family(config.network.name, c.projector, c.dimension, data)
    return classification(one, data, labels.Points(*data.train), c.batch_size), labels.shapes(data, (members, c.batch_size))


def of(params: Any, index: int) -> Any:
    """One member's."""
    return jax.tree.map(lambda leaf: leaf[index], params)
