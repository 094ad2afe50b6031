"""The batches a run trains on: real text alone, or mixed with text sampled from a teacher."""

from collections.abc import Callable

import numpy as np
from ml_collections import ConfigDict

from shared.data.mixture import Mixture
from shared.data.tokens import Batches, TokenSet, windows
from shared.run import Run


def training_batches(config: ConfigDict, run: Run, data: TokenSet, order: int) -> Callable[[int], np.ndarray]:
    """batch(step) -> int32 [B, T]. With synthetic.weight w every batch is (1 - w) real and w synthetic, so that over
    all steps the real tokens still get exactly train.epochs passes."""
    c = config.data
    real = Batches(data.first("train", c.tokens), c.context, config.train.batch_size, order, c.reshuffle)
    if not config.synthetic.weight:
        return real
    sampled = np.load(run.needs["synthetic"][0].path / "tables" / "tokens.npy", mmap_mode="r")
    return Mixture(real, windows(sampled, c.context), config.synthetic.weight)
