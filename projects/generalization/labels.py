"""All training points of a data set, their labels altered where an experiment asks for it, and batches of them."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from projects.generalization import pictures
from shared.data.labelled import LabelledSet


class Points(NamedTuple):
    """All n training points of an experiment, or some of them."""

    inputs: np.ndarray  # [n, ...], as the data set has them
    labels: np.ndarray  # int32 [n]


def training(data: LabelledSet, share: float, seed: int) -> Points:
    """Raises BadInput for labels out of range."""
    labels = data.train.labels.astype(np.int32)
    pictures.check(labels, data.classes, "train")
    return Points(np.asarray(data.train.inputs), pictures.altered(labels, share, data.classes, seed))


def batches(points: Points, size: int, seed: int) -> Callable[[int], Points]:
    """batch(step): `size` points drawn with replacement, a pure function of seed and step."""

    def batch(step: int) -> Points:
        rows = np.random.default_rng((seed, step)).integers(0, len(points.labels), size)
        return Points(points.inputs[rows], points.labels[rows])

    return batch
