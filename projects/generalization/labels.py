"""All training points of a data set, their labels altered where an experiment asks for it, and batches of them."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np

from projects.generalization import pictures
from shared.data.labelled import LabelledSet


class Points(NamedTuple):
    """All n training points of an experiment, or some of them."""

    inputs: np.ndarray  # [n, ...], as the data set has them
    labels: np.ndarray  # int32 [n]


def training(data: LabelledSet, share: float, seed: int, count: int | None = None) -> Points:
    """`count` points drawn by the seed, or all, a share of their labels altered. Raises BadInput for labels out of range."""
    rows = pictures.drawn(len(data.train.labels), count, seed)
    labels = data.train.labels[rows].astype(np.int32)
    pictures.check(labels, data.classes, "train")
    return Points(np.asarray(data.train.inputs[rows]), pictures.altered(labels, share, data.classes, seed))


def testing(data: LabelledSet, count: int) -> Points:
    """The first `count` test points. Raises BadInput for labels out of range."""
    labels = data.test.labels[:count].astype(np.int32)
    pictures.check(labels, data.classes, "test")
    return Points(np.asarray(data.test.inputs[:count]), labels)


def batches(points: Points, size: int, seed: int) -> Callable[[int], Points]:
    """batch(step): `size` points drawn with replacement, a pure function of seed and step."""

    def batch(step: int) -> Points:
        rows = np.random.default_rng((seed, step)).integers(0, len(points.labels), size)
        return Points(points.inputs[rows], points.labels[rows])

    return batch


def shapes(data: LabelledSet, lead: tuple[int, ...]) -> Points:
    """Of a batch [*lead, ...]."""
    inputs = data.train.inputs
    return Points(jax.ShapeDtypeStruct((*lead, *inputs.shape[1:]), inputs.dtype), jax.ShapeDtypeStruct(lead, np.int32))
