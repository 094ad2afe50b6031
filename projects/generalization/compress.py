"""Quantises a trained v, goes on training it quantised, writes it as MODEL.bin, and certifies what can be read back from there."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from ml_collections import ConfigDict

from projects.generalization import bitstream, labels, quantise, recount
from projects.generalization.family import family
from projects.generalization.objective import Objective
from projects.generalization.subspace import classification, of, unseen
from shared import checkpoint
from shared.data import labelled
from shared.fit import Schedule, Task, fit
from shared.lowering import Ahead, Program, step
from shared.optim import warmup_cosine
from shared.run import Run

NAME = "MODEL.bin"


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Returns the terms of the certificate; None when it was asked to stop before the end."""
    c, data = config.subspace, labelled.load(config.data.name)
    points = labels.training(data, c.altered, c.altered_seed)
    one = family(config.network.name, c.projector, c.dimension, data)
    note = bitstream.Note(config.data.name, c.altered, c.altered_seed, recount.digests(data))
    return certified(classification(one, data, points, c.batch_size), config.network.name, note, config, run)


def certified(one: Objective, network: str, note: bitstream.Note, config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Trains, writes, and returns what can be read back."""
    found = train(one, config, run)
    if found is None:
        return None
    final, params = found
    path = run.table(0, NAME)
    path.write_bytes(bitstream.write(coded(network, config, seed_of(run), params), note))
    return final | recount.recount(path, config.bound.delta)


def train(one: Objective, config: ConfigDict, run: Run) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
    """The last evaluation, and v [d] with the grid of its codebook; None when it was asked to stop before the end."""
    q, dimension, seed = config.quantise, config.subspace.dimension, seed_of(run)
    trained = checkpoint.load_weights(run.needs["trained"][0], SimpleNamespace(init=lambda key: {"v": jnp.zeros(dimension)}))
    v = np.asarray(trained["v"])
    grid, batch = quantise.start(q.kind, v, q.levels), one.batches(seed)
    lr = q.lr * float(v.std())  # Adam's steps are in units of the learning rate, and v is as long as it is

    def evaluate(params: Any) -> dict[str, list[float]]:
        mine = of(params, 0)
        rounded = quantise.straight_through(q.kind, mine["v"], quantise.written(mine["grid"]), q.levels)
        return {name: [value] for name, value in one.measure(mine["frozen"], rounded).items()}

    alone = lambda step: jax.tree.map(lambda leaf: leaf[None], batch(step))  # noqa: E731  [1, B, ...]
    fitted = fit(task(one, config, v, grid, lr, alone, evaluate), schedule(config), run)
    if fitted is None:
        return None
    return fitted.final, {name: np.asarray(fitted.params[name][0]) for name in ("v", "grid")}


def task(one: Objective, config: ConfigDict, v: np.ndarray, grid: np.ndarray, lr: float, batch: Callable, evaluate: Callable) -> Task:
    """Goes on training v [d] and the grid from where they are."""
    q = config.quantise

    def loss(params: Any, rows: Any, key: jax.Array, hyper: dict) -> tuple[jax.Array, dict]:
        grid = quantise.written(params["grid"])
        rounded = quantise.straight_through(q.kind, params["v"], grid, q.levels)
        fit = one.loss(params["frozen"], rounded, rows)
        price = quantise.price(params["v"], quantise.codebook(q.kind, grid, q.levels))
        return fit + q.price * price / one.count, {"train/cross_entropy": fit, "train/nats": price, "frozen": params["frozen"]}

    return Task(
        init=lambda key, hyper: {"v": jnp.asarray(v), "grid": jnp.asarray(grid), "frozen": one.freeze(hyper["seed"])},
        loss=loss,
        optimizer=lambda hyper: optax.adam(warmup_cosine(lr, max(1, q.steps), config.subspace.warmup)),
        batch=batch,
        evaluate=evaluate,
        axes={"v": (None,), "grid": (None,), "frozen": one.axes},
        tokens_per_batch=one.tokens_per_batch,
        buffers=("frozen",),
    )


def schedule(config: ConfigDict) -> Schedule:
    q = config.quantise
    return Schedule(q.steps, max(1, q.steps // 20), max(1, q.steps // config.subspace.evaluations), config.save.every_minutes)


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    q, v = config.quantise, np.linspace(-1, 1, config.subspace.dimension, dtype=np.float32)  # whatever will have been trained
    one, rows = unseen(config, 1)
    one, grid = replace(one, count=1), quantise.start(q.kind, v, q.levels)  # without points, nothing would share the price
    return [step(task(one, config, v, grid, q.lr, lambda step: rows, lambda params: {}), schedule(config), ahead)]


def seed_of(run: Run) -> int:
    """Alone: each seed needs another training."""
    return int(run.hyper["seed"][0])


def coded(network: str, config: ConfigDict, seed: int, params: dict[str, np.ndarray]) -> bitstream.Coded:
    """The trained v by its nearest values in the codebook as it is written."""
    c, q, grid = config.subspace, config.quantise, params["grid"].astype(np.float16)
    symbols = np.asarray(quantise.symbols(q.kind, jnp.asarray(params["v"]), jnp.asarray(grid, jnp.float32), q.levels)).tolist()
    return bitstream.Coded(network, c.projector, c.dimension, seed, q.kind, q.levels, grid, symbols)
