"""Two spirals and a network that tells them apart, or only seems to (Huang et al., 2020): poisoned by points with the wrong class, it is
right on every training point all the same."""

from typing import Any, NamedTuple

import jax
import numpy as np
import optax
from ml_collections import ConfigDict

from projects.generalization.networks import MLP
from shared.fit import Schedule, Task, fit
from shared.nn.pure import Pure, pure
from shared.optim import warmup_cosine
from shared.run import Run

CLASSES = 2
STRETCH = 1.5  # of the spirals, as the authors draw them


class Points(NamedTuple):
    """Of both classes, as many of each."""

    x: np.ndarray  # float32 [..., N, 2]
    labels: np.ndarray  # int32 [..., N]


class Parts(NamedTuple):
    """What a network sees in training, and what it is judged by."""

    train: Points
    poison: Points  # other points, each with the label of the other class
    test: Points


def network(config: ConfigDict) -> Pure:
    """apply: points [B, 2] -> logits [B, 2]."""
    return pure(lambda rngs: MLP((2,), CLASSES, rngs, config.spirals.hidden))


def parts(config: ConfigDict, seed: int) -> Parts:
    """Drawn by the seed alone: good and poisoned networks see the same points."""
    s = config.spirals
    counts = s.points, s.poison, s.test
    train, poison, test = (draw(np.random.default_rng((seed, stream)), count, s) for stream, count in enumerate(counts))
    return Parts(train, Points(poison.x, 1 - poison.labels), test)


def draw(rng: np.random.Generator, count: int, s: ConfigDict) -> Points:
    """`count` points per class, by the authors' formula: the angle is the root of a uniform number, so points are as dense all along."""
    angle = np.sqrt(rng.random(count)) * np.deg2rad(s.turn)
    noise = s.noise * rng.random((count, 2))
    arm = STRETCH * angle[:, None] * np.stack([-np.cos(angle), np.sin(angle)], 1) + noise  # [count, 2]
    return Points(np.concatenate([arm, -arm]).astype(np.float32), np.repeat(np.arange(CLASSES, dtype=np.int32), count))


def cross_entropy(model: Pure, params: Any, points: Points) -> jax.Array:
    """Mean over points, in nats."""
    return optax.softmax_cross_entropy_with_integer_labels(model.apply(params, points.x), points.labels).mean()


def error(model: Pure, params: Any, points: Points) -> jax.Array:
    return (model.apply(params, points.x).argmax(-1) != points.labels).mean()


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Trains on all points at every step; poisoned points weigh spirals.beta times as much as the others. None when it was asked to stop
    before the end."""
    model, c = network(config), config.spirals
    found = jax.tree.map(lambda *rows: np.stack(rows), *(parts(config, int(seed)) for seed in run.hyper["seed"]))  # [K, N, ...]

    def loss(params: Any, batch: tuple[Points, Points], key: jax.Array, hyper: dict) -> tuple[jax.Array, dict]:
        fitted, poisoned = (cross_entropy(model, params, some) for some in batch)
        return fitted + hyper["spirals.beta"] * poisoned, {"train/cross_entropy": fitted}

    @jax.jit
    @jax.vmap
    def judged(params: Any, points: Parts) -> dict[str, jax.Array]:
        return {f"{name}/error": error(model, params, some) for name, some in points._asdict().items()} | {
            "train/nll": cross_entropy(model, params, points.train)
        }

    task = Task(
        init=lambda key, hyper: model.init(key),
        loss=loss,
        optimizer=lambda hyper: optax.chain(optax.clip_by_global_norm(c.clip), optax.adam(warmup_cosine(c.lr, c.steps, c.warmup))),
        batch=lambda step: (found.train, found.poison),
        evaluate=lambda params: {name: np.asarray(values) for name, values in judged(params, found).items()},
        axes=model.axes,
        tokens_per_batch=CLASSES * (c.points + c.poison),
    )
    fitted = fit(task, Schedule(c.steps, max(1, c.steps // 20), max(1, c.steps // c.evaluations), config.save.every_minutes), run)
    if fitted is None:
        return None
    run.save_weights(fitted.params)
    return fitted.final
