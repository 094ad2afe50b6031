"""Quantises a trained v, goes on training it quantised, writes it as MODEL.bin, and certifies what can be read back from there."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from ml_collections import ConfigDict

from projects.generalization import bitstream, labels, quantise, recount
from projects.generalization.family import Family, family, mistakes
from projects.generalization.subspace import cross_entropy
from shared import checkpoint
from shared.data import labelled
from shared.fit import Schedule, Task, fit
from shared.lowering import Ahead, Program, step
from shared.optim import warmup_cosine
from shared.run import Run

NAME = "MODEL.bin"


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Returns the terms of the certificate; None when it was asked to stop before the end."""
    q, dimension, seed = config.quantise, config.subspace.dimension, int(run.hyper["seed"][0])  # alone: each seed needs another training
    data = labelled.load(config.data.name)
    points = labels.training(data, config.subspace.altered, config.subspace.altered_seed)
    one = family(config.network.name, config.subspace.projector, dimension, data)
    trained = checkpoint.load_weights(run.needs["trained"][0], SimpleNamespace(init=lambda key: {"v": jnp.zeros(dimension)}))
    v = np.asarray(trained["v"])
    grid, batch = quantise.start(q.kind, v, q.levels), labels.batches(points, config.subspace.batch_size, seed)
    lr = q.lr * float(v.std())  # Adam's steps are in units of the learning rate, and v is as long as it is
    wrong = mistakes(one)

    def evaluate(params: Any) -> dict[str, list[float]]:
        member = jax.tree.map(lambda leaf: leaf[0], params)
        rounded = quantise.straight_through(q.kind, member["v"], quantise.written(member["grid"]), q.levels)
        return {"test/error": [wrong(member["frozen"], rounded, data.test.inputs, data.test.labels) / len(data.test.labels)]}

    alone = lambda step: jax.tree.map(lambda leaf: leaf[None], batch(step))  # noqa: E731  [1, B, ...]
    start = {"v": jnp.asarray(v), "grid": jnp.asarray(grid)}
    fitted = fit(task(config, one, start, lr, len(points.labels), alone, evaluate), schedule(config), run)
    if fitted is None:
        return None
    params = {name: np.asarray(fitted.params[name][0]) for name in ("v", "grid")}
    path = run.table(0, NAME)
    note = bitstream.Note(config.data.name, config.subspace.altered, config.subspace.altered_seed, recount.digests(data))
    path.write_bytes(bitstream.write(coded(config, seed, params), note))
    return fitted.final | recount.recount(path, config.bound.delta)


def task(
    config: ConfigDict, one: Family, start: dict[str, jax.Array], lr: float, count: int, batch: Callable, evaluate: Callable
) -> Task:
    """Goes on training v and its grid from `start`; the code's price is shared by `count` points."""
    q = config.quantise

    def loss(params: Any, rows: labels.Points, key: jax.Array, hyper: dict) -> tuple[jax.Array, dict]:
        grid = quantise.written(params["grid"])
        rounded = quantise.straight_through(q.kind, params["v"], grid, q.levels)
        fit = cross_entropy(one, params["frozen"], rounded, rows)
        price = quantise.price(params["v"], quantise.codebook(q.kind, grid, q.levels))
        return fit + q.price * price / count, {"train/cross_entropy": fit, "train/nats": price, "frozen": params["frozen"]}

    return Task(
        init=lambda key, hyper: {**start, "frozen": one.freeze(hyper["seed"])},
        loss=loss,
        optimizer=lambda hyper: optax.adam(warmup_cosine(lr, max(1, q.steps), config.subspace.warmup)),
        batch=batch,
        evaluate=evaluate,
        axes={"v": (None,), "grid": (None,), "frozen": one.axes},
        tokens_per_batch=config.subspace.batch_size,
        buffers=("frozen",),
    )


def schedule(config: ConfigDict) -> Schedule:
    q = config.quantise
    return Schedule(q.steps, max(1, q.steps // 20), max(1, q.steps // config.subspace.evaluations), config.save.every_minutes)


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    data, q = labelled.blank(config.data.name), config.quantise
    one = family(config.network.name, config.subspace.projector, config.subspace.dimension, data)
    v = np.linspace(-1, 1, config.subspace.dimension, dtype=np.float32)  # whatever was trained
    start = {"v": jnp.asarray(v), "grid": jnp.asarray(quantise.start(q.kind, v, q.levels))}
    rows = labels.shapes(data, (1, config.subspace.batch_size))
    return [step(task(config, one, start, q.lr, 1, lambda step: rows, lambda params: {}), schedule(config), ahead)]


def coded(config: ConfigDict, seed: int, params: dict[str, np.ndarray]) -> bitstream.Coded:
    """The trained v by its nearest values in the codebook as it is written."""
    q, grid = config.quantise, params["grid"].astype(np.float16)
    symbols = np.asarray(quantise.symbols(q.kind, jnp.asarray(params["v"]), jnp.asarray(grid, jnp.float32), q.levels)).tolist()
    return bitstream.Coded(
        config.network.name, config.subspace.projector, config.subspace.dimension, seed, q.kind, q.levels, grid, symbols
    )
