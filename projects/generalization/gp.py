"""An exact Gaussian process on altered labels (Figure 1 d): it fits them all, and its evidence says what it thinks of them."""

import math
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from projects.generalization.pictures import altered, choose, one_hot
from projects.generalization.process import Process, evidence, factorise, median_distance, rbf, solve
from shared.data import labelled
from shared.lowering import Ahead, Program
from shared.run import Run


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """One row per share of altered labels. None when it was asked to stop before the end."""
    run.restore(None)  # it has no checkpoints: a second attempt begins anew
    found = []
    for seed in run.hyper["seed"]:
        if run.stopping:
            return None
        with jax.enable_x64(True):  # here only: a kernel of thousands of pictures is singular in float32
            found.append(levels(config, int(seed)))
    row: dict[str, Any] = {}
    for step, of_members in enumerate(zip(*found, strict=True)):
        row = {name: np.array([one[name] for one in of_members]) for name in of_members[0]}
        run.log(step, row)
    run.step = step + 1
    return row


def levels(config: ConfigDict, seed: int) -> list[dict[str, float]]:
    """The numbers of every share, of one kernel: labels do not enter it."""
    began = time.perf_counter()
    some = choose(config.data, seed)
    x, test_x = jnp.asarray(some.x), jnp.asarray(some.test_x)
    length = config.gp.lengthscale * median_distance(some.x)
    kernel, across = rbf(x, x, length), rbf(test_x, x, length)
    process = factorise(kernel, config.gp.jitter)
    rows = []
    for share in config.gp.altered:
        labels = altered(some.labels, share, some.classes, seed)
        targets = jnp.asarray(one_hot(labels, some.classes) - 1 / some.classes)  # [n, C], of mean zero
        dual = solve(process, targets)
        rows.append({
            "altered": share,
            "train_error": wrong(targets - process.jitter * dual, labels),  # K dual
            "test_error": wrong(across @ dual, some.test_labels),
            "evidence": float(evidence(process, targets, dual)),
            "length": length,
            "jitter": process.jitter,
        })  # fmt: skip
    seconds = time.perf_counter() - began
    return [row | {"perf/seconds": seconds} for row in rows]


def wrong(scores: jax.Array, labels: np.ndarray) -> float:
    """Share of errors of scores [m, C]."""
    return float((np.asarray(scores).argmax(1) != labels).mean())


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    """The kernel of a seed, its factor, and the answers to every share of altered labels, on one device, in float64."""
    data, pictures, shares = labelled.blank(config.data.name), config.data, len(config.gp.altered)
    width = math.prod(data.train.inputs.shape[1:])

    def whole(x: jax.Array, test_x: jax.Array, targets: jax.Array) -> tuple[jax.Array, jax.Array]:
        factor = jnp.linalg.cholesky(rbf(x, x, 1.0) + config.gp.jitter * jnp.eye(len(x)), symmetrize_input=False)
        dual = jax.lax.map(lambda some: solve(Process(factor, config.gp.jitter), some), targets)
        return dual, rbf(test_x, x, 1.0) @ dual

    sizes = (pictures.train, width), (pictures.test, width), (shares, pictures.train, data.classes)
    given = tuple(jax.ShapeDtypeStruct(size, np.float64) for size in sizes)
    return [Program("a kernel of all pictures", jax.jit(whole), given, len(ahead.hyper["seed"]), 0, double=True)]
