"""Labelled examples as experiments read them: memory maps, in the order in which they were published."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from shared.data import prepared, registry
from shared.data.source import ARRAYS
from shared.errors import BadInput


class Examples(NamedTuple):
    """Inputs and the class of each."""

    inputs: np.ndarray  # uint8 [N, H, W, C], 0 to 255; or float32 [N, D]
    labels: np.ndarray  # uint8 [N]


@dataclass(frozen=True)
class LabelledSet:
    """A prepared data set."""

    train: Examples
    test: Examples
    classes: int
    meta: dict[str, Any]


def load(name: str) -> LabelledSet:
    """Open a prepared data set; one that comes with the code is prepared on the way. Raises BadInput."""
    known, folder = registry.examples(name), prepared.examples(name)
    wrong = prepared.problem(folder)
    if wrong and not known.network:
        registry.prepare(name, 0, say=lambda line: None)
    elif wrong:
        raise BadInput(f"{folder} {wrong}: run {registry.command(name, 0)}")
    arrays = [np.load(folder / f"{part}.npy", mmap_mode="r") for part in ARRAYS]
    return LabelledSet(Examples(*arrays[:2]), Examples(*arrays[2:]), known.classes, prepared.meta(folder))


def blank(name: str) -> LabelledSet:
    """What a data set will look like, without an example. Raises BadInput for an unknown one."""
    known = registry.examples(name)
    none = Examples(np.zeros((0, *known.shape), np.uint8 if len(known.shape) > 1 else np.float32), np.zeros(0, np.uint8))
    return LabelledSet(none, none, known.classes, {})
