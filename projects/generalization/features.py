"""Least squares on more and more features (Figure 1 g; Belkin et al. 2019): double descent without a network."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from projects.generalization.dimension import determined, undetermined
from projects.generalization.middle import middle
from projects.generalization.pictures import Pictures, altered, choose, one_hot
from projects.generalization.regression import least_norm
from shared.data import labelled
from shared.lowering import Ahead, Program
from shared.run import Run


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """One row per number of features. None when it was asked to stop before the end."""
    run.restore(None)  # it has no checkpoints: a second attempt begins anew
    row: dict[str, Any] = {}
    numbers = weak(config) if config.features.kind == "weak" else fourier(config, [int(seed) for seed in run.hyper["seed"]])
    for row in numbers:
        run.log(int(np.ravel(row["features"])[0]), row)
        run.step = int(np.ravel(row["features"])[0])
        if run.stopping:
            return None
    return row


# -- weak features --------------------------------------------------------------------------------------------------------
def weak(config: ConfigDict):
    """Medians over draws: relative errors |X w - y| / |y|, and the effective dimension in both conventions at alpha = l n."""
    settings = config.features
    most, n = max(settings.counts), settings.train
    rng = np.random.default_rng(config.seed)
    (x, y), (test_x, test_y) = (made_up(rng, settings.draws, n, most, settings.informative) for _ in range(2))
    for count in settings.counts:
        found = least_norm(x[..., :count], y[..., None])
        row = {"features": count}
        for name, rows, truth in (("train_error", x, y), ("test_error", test_x, test_y)):
            row |= middle(name, relative((rows[..., :count] @ found.weights)[..., 0], truth))
        row |= middle("determined", determined(found.squares, settings.ridge * n))
        row |= middle("undetermined", undetermined(found.squares, settings.ridge * n))
        yield row | middle("norm", np.linalg.norm(found.weights[..., 0], axis=-1))


def made_up(rng: np.random.Generator, draws: int, n: int, count: int, informative: int) -> tuple[np.ndarray, np.ndarray]:
    """y ~ N(0, 1) [draws, n]; features [draws, n, count]: y + N(0, 1) for the informative ones, N(0, 1) for the rest."""
    y = rng.standard_normal((draws, n))
    x = rng.standard_normal((draws, n, count))
    x[..., :informative] += y[..., None]
    return x, y


def relative(predicted: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.linalg.norm(predicted - y, axis=-1) / np.linalg.norm(y, axis=-1)


# -- random Fourier features ----------------------------------------------------------------------------------------------
def fourier(config: ConfigDict, seeds: list[int]):
    """Numbers [members] for every count of features."""
    sets = [choose(config.data, seed) for seed in seeds]
    for count in config.features.counts:
        with jax.enable_x64(True):  # here only: near the threshold float32 would regularise
            found = [of_count(config, some, seed, count) for some, seed in zip(sets, seeds, strict=True)]
        yield {name: np.array([one[name] for one in found]) for name in found[0]}


def of_count(config: ConfigDict, some: Pictures, seed: int, count: int) -> dict[str, float]:
    labels = altered(some.labels, config.features.altered, some.classes, seed)
    waves, phases = random_waves(some.x.shape[1], count, config.features.bandwidth, seed)
    phi, test_phi = (cosines(jnp.asarray(x), waves, phases) for x in (some.x, some.test_x))
    weights = least_norm(phi, jnp.asarray(one_hot(labels, some.classes))).weights
    return {
        "features": count,
        "train_error": float((np.asarray(phi @ weights).argmax(1) != labels).mean()),
        "test_error": float((np.asarray(test_phi @ weights).argmax(1) != some.test_labels).mean()),
        "norm": float(jnp.linalg.norm(weights)),
    }


def random_waves(width: int, count: int, bandwidth: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies [D, N] ~ N(0, 1 / bandwidth^2) and phases [N] ~ U(0, 2 pi); the first of any number are the same."""
    waves, phases = (np.random.default_rng((seed, stream)) for stream in (2, 3))
    return waves.standard_normal((count, width)).T / bandwidth, phases.uniform(0, 2 * np.pi, count)


@jax.jit
def cosines(x: jax.Array, waves: jax.Array, phases: jax.Array) -> jax.Array:
    """Random features [n, N] whose products approach the RBF kernel of this bandwidth (Rahimi and Recht 2007)."""
    return jnp.sqrt(2 / len(phases)) * jnp.cos(x @ waves + phases)


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    """Of random features of pictures the largest number that is fitted, on one device, in float64; weak ones are computed on the host."""
    if config.features.kind == "weak":
        return []
    data, n, most = labelled.blank(config.data.name), config.data.train, max(config.features.counts)
    width = math.prod(data.train.inputs.shape[1:])

    def fitted(x: jax.Array, waves: jax.Array, phases: jax.Array, targets: jax.Array) -> jax.Array:
        return least_norm(cosines(x, waves, phases), targets).weights

    given = tuple(jax.ShapeDtypeStruct(size, np.float64) for size in ((n, width), (width, most), (most,), (n, data.classes)))
    return [Program(f"{most:,} random features", jax.jit(fitted), given, len(ahead.hyper["seed"]), 0, double=True)]
