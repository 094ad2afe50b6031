"""Real and synthetic windows in one stream, for distillation on a teacher's samples."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from shared.data.tokens import Batches
from shared.errors import BadInput


@dataclass(frozen=True, eq=False)
class Mixture:
    """Batches that mix real : synthetic = (1 - w) : w, a pure function of the step like the real ones.

    Row i of the whole run (i = step * B + row) is synthetic when floor((i + 1) w) > floor(i w), so after any number of
    rows the share is right to within one row, also where w * B is no whole number. Both streams go round their
    windows epoch by epoch. w = 1 never shows a real row.
    """

    real: Batches
    synthetic: np.ndarray  # [n, T] windows sampled from the teacher
    weight: float  # w

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= 1:
            raise BadInput(f"synthetic.weight is {self.weight}: take a share between 0 and 1")
        if self.synthetic.ndim != 2 or self.synthetic.shape[1] != self.real.context or not len(self.synthetic):
            shape = self.synthetic.shape
            raise BadInput(f"synthetic windows are {shape}: sample windows of {self.real.context} tokens")

    @cached_property
    def share(self) -> Fraction:
        """w as the fraction that was meant: 0.9 is 9/10, though no float is."""
        return Fraction(self.weight).limit_denominator(10_000)

    @cached_property
    def stream(self) -> Batches:
        """The synthetic rows; one a batch, since any number of them may be had."""
        return Batches(self.synthetic.reshape(-1), self.real.context, 1, self.real.seed, self.real.reshuffle)

    def steps(self, epochs: int) -> int:
        """Steps in which every real window comes exactly `epochs` times: base steps * epochs / (1 - w)."""
        if self.share == 1:
            raise BadInput("synthetic.weight is 1 and no real token is ever seen: set train.steps")
        steps = self.real.steps_per_epoch * epochs / (1 - self.share)
        if steps.denominator != 1:
            raise BadInput(f"synthetic.weight {self.weight} makes {float(steps):.2f} steps: take 0.5, 0.75 or 0.9")
        return int(steps)

    def __call__(self, step: int) -> np.ndarray:
        """int32 [B, T]"""
        first = step * self.real.batch_size
        rows = np.arange(first, first + self.real.batch_size + 1)
        before = rows * self.share.numerator // self.share.denominator  # synthetic rows before each
        is_synthetic = np.diff(before) > 0  # [B]
        batch = np.empty((self.real.batch_size, self.real.context), np.int32)
        batch[is_synthetic] = self.stream.rows(int(before[0]), int(before[-1]))
        batch[~is_synthetic] = self.real.rows(int(rows[0] - before[0]), int(rows[-1] - before[-1]))
        return batch
