"""The examples of an experiment: some of a data set, their labels altered where the experiment asks for it."""

from typing import NamedTuple

import numpy as np
from ml_collections import ConfigDict

from shared.data import labelled
from shared.errors import BadInput


class Pictures(NamedTuple):
    """Inputs as float64 rows, pixels in [0, 1]."""

    x: np.ndarray  # [n, D]
    labels: np.ndarray  # int64 [n]
    test_x: np.ndarray  # [m, D]
    test_labels: np.ndarray  # int64 [m]
    classes: int


def choose(data: ConfigDict, seed: int) -> Pictures:
    """data.train examples drawn by the seed, and the first data.test for testing. Raises BadInput."""
    found = labelled.load(data.name)
    rows = drawn(len(found.train.labels), data.train, seed)
    labels, test_labels = found.train.labels[rows].astype(int), found.test.labels[: data.test].astype(int)
    for name, some in (("train", labels), ("test", test_labels)):
        check(some, found.classes, name)
    return Pictures(flat(found.train.inputs[rows]), labels, flat(found.test.inputs[: data.test]), test_labels, found.classes)


def drawn(most: int, count: int | None, seed: int) -> np.ndarray:
    """Which `count` examples of so many the seed draws, in their order; None: all."""
    return np.sort(np.random.default_rng(seed).permutation(most)[:count])


def flat(inputs: np.ndarray) -> np.ndarray:
    """[N, ...] -> [N, D]; bytes become shares of 255."""
    return inputs.reshape(len(inputs), -1) / (255.0 if inputs.dtype == np.uint8 else 1.0)


def check(labels: np.ndarray, classes: int, name: str) -> None:
    """Raises BadInput for labels out of range, and for fewer training examples than classes."""
    if name == "train" and len(labels) < classes:
        raise BadInput(f"{len(labels)} training examples for {classes} classes: set data.train to at least {classes}")
    if len(labels) and not 0 <= labels.min() <= labels.max() < classes:
        wrong = labels.min() if labels.min() < 0 else labels.max()
        raise BadInput(f"a {name} label is {wrong}, and {classes} classes are numbered 0 to {classes - 1}: correct the labels")


def altered(labels: np.ndarray, share: float, classes: int, seed: int) -> np.ndarray:
    """Labels [n] of which a share was replaced by a draw over all classes, so that one in `classes` of those keeps its own.

    What a smaller share alters, a larger one alters likewise.
    """
    rng = np.random.default_rng((seed, 1))
    order, drawn = rng.permutation(len(labels)), rng.integers(0, classes, len(labels))
    changed = order[: round(share * len(labels))]
    found = labels.copy()
    found[changed] = drawn[changed]
    return found


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """float64 [n, classes]"""
    return np.eye(classes)[labels]
