"""Clips: the windows of episodes that a model learns from. Each has history + 1 frames, `frameskip` steps apart, and behind every frame the
block of `frameskip` actions that follow it."""

from dataclasses import dataclass

import jax
import numpy as np
from ml_collections import ConfigDict

from projects.lewm.episodes import Episodes
from shared.errors import BadInput

SPLIT_SEED = 3072  # the authors' training seed


@dataclass(frozen=True)
class ActionScale:
    """Mean and standard deviation of each number of an action, over all steps of a data set (the sample's deviation, n - 1)."""

    mean: np.ndarray  # float32 [A]
    std: np.ndarray  # float32 [A]

    @classmethod
    def of(cls, episodes: Episodes) -> "ActionScale":
        known = episodes.actions[np.isfinite(episodes.actions).all(axis=1)].astype(np.float64)
        std = known.std(axis=0, ddof=1)
        return cls(known.mean(axis=0).astype(np.float32), np.where(std > 0, std, 1).astype(np.float32))

    def normalise(self, actions: np.ndarray) -> np.ndarray:
        """[..., A] -> [..., A]; an action that is not known becomes the mean one, 0."""
        return np.nan_to_num((actions - self.mean) / self.std)

    def denormalise(self, actions: np.ndarray) -> np.ndarray:
        """[..., A] -> [..., A]."""
        return actions * self.std + self.mean


def span(config: ConfigDict) -> int:
    """Rows of a clip."""
    return (config.clips.history + 1) * config.clips.frameskip


def starts(lengths: np.ndarray, offsets: np.ndarray, span: int) -> np.ndarray:
    """The first row of every clip: any row that has `span - 1` more behind it in its episode. Increasing where the offsets are."""
    counts = np.maximum(lengths - span + 1, 0)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(offsets, counts) + within


def split_episodes(config: ConfigDict, episodes: Episodes) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the episodes to train on and of those held out, each increasing; one shorter than a clip is in neither."""
    long = np.flatnonzero(episodes.lengths >= span(config))
    return held_out(long, config.clips.validation)


def split(config: ConfigDict, episodes: Episodes) -> tuple[np.ndarray, np.ndarray]:
    """First rows of the clips to train on and of those held out: clips of episodes that are not trained on, or (the authors' way) clips
    drawn among all, which overlap with those that are. Raises BadInput where there is nothing to learn from or to be judged by."""
    lengths, offsets = episodes.lengths, episodes.offsets
    if lengths.max() < span(config):
        raise BadInput(f"a clip takes {span(config)} rows and the longest episode has {lengths.max()}: take longer ones")
    if config.clips.split == "clips":
        training, validation = held_out(starts(lengths, offsets, span(config)), config.clips.validation)
    else:
        training, validation = (starts(lengths[some], offsets[some], span(config)) for some in split_episodes(config, episodes))
    if not len(training) or not len(validation):
        left = f"leaves {len(training)} clips to train on and {len(validation)} to be judged by"
        raise BadInput(f"clips.validation={config.clips.validation} of {len(lengths)} episodes {left}: take another share or more of them")
    return training, validation


def held_out(items: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """All but a share of the items, and that share (at least one unless it is 0), each in their old order."""
    count = max(1, round(share * len(items))) if share else 0
    chosen = np.zeros(len(items), bool)
    chosen[permutation(SPLIT_SEED, 0, len(items))[:count]] = True
    return items[~chosen], items[chosen]


def permutation(seed: int, epoch: int, count: int) -> np.ndarray:
    """int64 [count]. Sorted raw bits, whose stream numpy promises never to change."""
    return np.argsort(np.random.PCG64([seed, epoch]).random_raw(count), kind="stable")


class Clips:
    """Batches of the clips that begin in the rows `starts`: `clips(step)` is a pure function of the step and the seed. Every epoch takes
    them in a new order, and what does not fill a last batch is left out of it.

    A batch has normalised actions, float32 [B, T + 1, 5A], and the frames to go with them: their pixels, uint8 [B, T + 1, H, W, 3], where
    the episodes have any, else the states to draw them from, float32 [B, T + 1, S].
    """

    def __init__(self, config: ConfigDict, episodes: Episodes, scale: ActionScale, starts: np.ndarray, seed: int):
        self.starts, self.seed, self.batch_size = starts, seed, config.train.batch_size
        self.frames, self.frameskip = config.clips.history + 1, config.clips.frameskip
        self.actions = scale.normalise(episodes.actions)
        self.sight = {"states": episodes.states} if episodes.pixels is None else {"pixels": episodes.pixels}
        self.shuffled = (-1, np.array([], int))  # the epoch in progress and its order: an old one is not needed again

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        """Raises BadInput where there are not enough clips for one batch."""
        per_epoch = len(self.starts) // self.batch_size
        if not per_epoch:
            size = self.batch_size
            raise BadInput(f"train.batch_size={size}: there are only {len(self.starts)} clips: take at most that or more episodes")
        epoch, place = divmod(step, per_epoch)
        return self.at(self.order(epoch)[place * self.batch_size : (place + 1) * self.batch_size])

    def first(self, count: int) -> dict[str, np.ndarray]:
        """As many clips as one batch, or all there are: the beginning of the first epoch."""
        return self.at(self.order(0)[:count])

    def order(self, epoch: int) -> np.ndarray:
        if self.shuffled[0] != epoch:
            self.shuffled = (epoch, self.starts[permutation(self.seed, epoch, len(self.starts))])
        return self.shuffled[1]

    def at(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """The clips that begin in these rows [B]."""
        every = rows[:, None] + np.arange(self.frames * self.frameskip)  # [B, 5 (T + 1)]
        blocks = self.actions[every].reshape(len(rows), self.frames, -1)
        return {"actions": blocks, **{name: values[every[:, :: self.frameskip]] for name, values in self.sight.items()}}


def shapes(config: ConfigDict, lead: tuple[int, ...], states: int) -> dict[str, jax.ShapeDtypeStruct]:
    """Of a batch [*lead, ...] of clips, in an environment of so many `states`. Episodes of a file are taken to have pixels."""
    frames, size = config.clips.history + 1, config.images.size
    seen = {"states": jax.ShapeDtypeStruct((*lead, frames, states), np.float32)}
    if config.collect.pixels or config.collect.file:
        seen = {"pixels": jax.ShapeDtypeStruct((*lead, frames, size, size, 3), np.uint8)}
    return {"actions": jax.ShapeDtypeStruct((*lead, frames, config.clips.frameskip * config.env.actions), np.float32), **seen}
