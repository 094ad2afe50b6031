"""A curve of low loss between two trained networks (section 2.8; Garipov et al., 2018): its bend is trained, its ends stay."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from projects.generalization import labels
from projects.generalization.problem import Numbers, Problem, optimizer, problem
from shared import checkpoint
from shared.fit import Schedule, Task, fit
from shared.run import Run

Tree = Any
Weights = tuple[jax.Array, jax.Array, jax.Array]  # of the first end, the bend, the second end: they sum to 1
Path = Callable[[jax.Array], Weights]  # of t, from 0 to 1
ENDS = ("first", "second")


def bezier(t: jax.Array) -> Weights:
    return (1 - t) ** 2, 2 * t * (1 - t), t**2


def polychain(t: jax.Array) -> Weights:
    """Straight to the bend, and straight on."""
    return jnp.maximum(1 - 2 * t, 0), 1 - jnp.abs(1 - 2 * t), jnp.maximum(2 * t - 1, 0)


def line(t: jax.Array) -> Weights:
    """Straight from end to end: what the bend is compared with."""
    return 1 - t, jnp.zeros_like(t), t


CURVES: dict[str, Path] = {"bezier": bezier, "polychain": polychain}


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Returns the worst loss and error of the curve, of the line and of the ends, and leaves those of every t in arrays.npz; None when it
    was asked to stop before the end."""
    one, m, c = problem(config), config.modes, config.train
    ends = {name: checkpoint.load_weights(run.needs[name][0], one.model) for name in ENDS}
    batch = labels.batches(one.train, c.batch_size, int(run.hyper["seed"][0]))  # alone: other ends are other runs' weights
    path = CURVES[m.curve]

    def loss(params: Tree, rows: labels.Points, key: jax.Array, hyper: dict) -> tuple[jax.Array, dict]:
        return one.loss(at(path, params, jax.random.uniform(key)), rows), {name: params[name] for name in ENDS}

    task = Task(
        init=lambda key, hyper: {"bend": jax.tree.map(lambda *both: sum(both) / 2, *ends.values()), **ends},
        loss=loss,
        optimizer=lambda hyper: optimizer(c, m.lr, m.steps),
        batch=lambda step: jax.tree.map(lambda leaf: leaf[None], batch(step)),  # [1, B, ...]
        evaluate=lambda params: one.judged(at(path, params, 0.5)),
        axes={name: one.model.axes for name in ("bend", *ENDS)},
        tokens_per_batch=c.batch_size,
        buffers=ENDS,
    )
    fitted = fit(task, Schedule(m.steps, max(1, m.steps // 20), max(1, m.steps // c.evaluations), config.save.every_minutes), run)
    if fitted is None:
        return None
    places = np.linspace(0, 1, m.points, dtype=np.float32)
    found = {name: along(one, some, fitted.params, places) for name, some in (("curve", path), ("line", line))}
    np.savez(run.table(0, "arrays.npz"), t=places, **{f"{name}/{key}": row for name, rows in found.items() for key, row in rows.items()})
    found["ends"] = {name: row[[0, -1]] for name, row in found["line"].items()}
    return {f"{name}/{key}": float(row.max()) for name, rows in found.items() for key, row in rows.items()} | {"parameters": one.size}


def at(path: Path, params: Tree, t: float | jax.Array) -> Tree:
    """The network at t: params have the ends and the bend."""
    weights, parts = path(jnp.asarray(t)), (params["first"], params["bend"], params["second"])
    return jax.tree.map(lambda *leaves: sum(w * leaf for w, leaf in zip(weights, leaves, strict=True)), *parts)


def along(one: Problem, path: Path, params: Tree, places: np.ndarray) -> Numbers:
    """Losses and errors [P] at every t; params [1, ...]."""
    rows = [one.judged(at(path, params, t)) for t in places]
    return {name: np.array([row[name][0] for row in rows]) for name in rows[0]}
