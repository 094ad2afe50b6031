"""Violation of expectation: how surprised a world model is by what it sees, for a whole trajectory or frame by frame.

The surprise of a frame is the error of its prediction from the true frames before it, at most as many as the predictor knows, and the
actions between: the mean over latent dimensions of (predicted - encoded)^2. Its scale is the model's own, so it is judged by what is normal
(`calibrate`): the score of a frame is its log surprise in standard deviations from the mean of normal frames that have as many frames
before them, and p is the share of normal frames that score at least as high. Whoever raises an alarm where p <= 0.01 raises a false one on
at most 1% of normal frames (exactly so if frames were exchangeable; those of a trajectory depend on each other, so alarms come in bursts).

    calibration = calibrate(np.asarray(surprises(trained.model, trained.variables, frames, blocks)))
    monitor = Monitor(trained, calibration)
    for frame, actions in ...:  # the actions since the frame before
        score = monitor.see(frame, actions)
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from projects.lewm.model import Model
from projects.lewm.trained import Trained
from shared.errors import BadInput

TINY = 1e-30  # a surprise that a logarithm bears


def surprises(model: Model, variables: Any, frames: jax.Array, blocks: jax.Array) -> jax.Array:
    """Frames [B, T, H, W, 3] in [0, 1], T > 1, and the blocks [B, T, 5A] of normalised actions after each (the last is not used) ->
    [B, T - 1], entry t of frame t + 1."""
    return errors(model, variables, model.encode(variables, frames), blocks)


def errors(model: Model, variables: Any, z: jax.Array, blocks: jax.Array) -> jax.Array:
    """`surprises` of frames whose latents z [B, T, ...] are known."""
    count = z.shape[1] - 1
    width = min(model.config.clips.history, count)
    place = np.arange(count - width + 1)[:, None] + np.arange(width)  # [W, width]: every window that slides over the frames
    windows = lambda x: x[:, place].reshape(-1, width, *x.shape[2:])  # noqa: E731
    ahead = model.predict(variables, windows(z), windows(blocks)).reshape(len(z), -1, width, *z.shape[2:])
    ahead = jnp.concatenate([ahead[:, 0], ahead[:, 1:, -1]], 1)  # [B, T - 1, ...]: the first window grows, the others have slid
    return mean_square(ahead - z[:, 1:], 2)


def mean_square(x: jax.Array, lead: int) -> jax.Array:
    """Over all axes but the first `lead`."""
    return jnp.mean(x**2, tuple(range(lead, x.ndim)))


class Calibration(NamedTuple):
    """What is normal. Index i of mean and std: frames with i + 1 frames before them, the last: that many or more."""

    mean: np.ndarray  # [history] of log surprise
    std: np.ndarray  # [history]
    scores: np.ndarray  # [n] of all normal frames, ascending


def calibrate(normal: np.ndarray, history: int = 3) -> Calibration:
    """From the surprises [N, T - 1] of N > 1 normal trajectories, by a predictor that knows `history` <= T - 1 frames."""
    logs = np.log(np.maximum(normal, TINY))
    groups = [logs[:, seen] for seen in range(history - 1)] + [logs[:, history - 1 :]]
    mean, std = (np.array([f(group) for group in groups]) for f in (np.mean, np.std))
    calibration = Calibration(mean, np.maximum(std, TINY), np.empty(0))
    return calibration._replace(scores=np.sort(scores(normal, calibration), axis=None))


def scores(surprises: np.ndarray, calibration: Calibration) -> np.ndarray:
    """Surprises [..., T - 1] of whole trajectories -> their scores."""
    return score(surprises, np.arange(1, surprises.shape[-1] + 1), calibration)


def score(surprise: np.ndarray | float, before: np.ndarray | int, calibration: Calibration) -> np.ndarray:
    """Of frames with so many frames before them: log surprise in standard deviations from normal."""
    index = np.minimum(before, len(calibration.mean)) - 1
    return (np.log(np.maximum(surprise, TINY)) - calibration.mean[index]) / calibration.std[index]


def p_value(scores: np.ndarray | float, calibration: Calibration) -> np.ndarray:
    """The share of normal frames, the judged one counted among them, with a score at least as high: never 0."""
    n = len(calibration.scores)
    return (1 + n - np.searchsorted(calibration.scores, scores, side="left")) / (n + 1)


# -- frame by frame -------------------------------------------------------------------------------------------------------
class Score(NamedTuple):
    surprise: float
    score: float
    p: float


class Memory(NamedTuple):
    """The last frames, left to right."""

    z: jax.Array  # [history, ...]
    blocks: jax.Array  # [history, 5A], the actions after each
    held: jax.Array  # how many of them are frames


class Monitor:
    """Sees one trajectory as it unfolds; what it has seen is its only state."""

    def __init__(self, trained: Trained, calibration: Calibration):
        self.trained, self.calibration = trained, calibration
        self.look = jax.jit(partial(look, trained.model))
        self.reset()

    def reset(self) -> None:
        """Another trajectory begins."""
        config, model = self.trained.config, self.trained.model
        size, history = config.images.size, config.clips.history
        self.frame, self.block = (size, size, 3), (config.clips.frameskip, len(self.trained.scale.mean))
        latent = jax.eval_shape(model.encode, self.trained.variables, jax.ShapeDtypeStruct(self.frame, jnp.float32))
        self.memory = Memory(jnp.zeros((history, *latent.shape)), jnp.zeros((history, np.prod(self.block))), jnp.int32(0))
        self.before = 0

    def see(self, frame: np.ndarray, actions: np.ndarray | None = None) -> Score | None:
        """A frame [H, W, 3], uint8 or in [0, 1], and the raw actions [frameskip, A] since the frame before. The first frame has none, and
        nothing is expected of it: None. Raises BadInput on other shapes."""
        actions = np.zeros(self.block, np.float32) if not self.before else np.asarray(actions, np.float32)
        if frame.shape != self.frame or actions.shape != self.block:
            raise BadInput(f"a frame {frame.shape} with actions {actions.shape}: this model wants {self.frame} with {self.block}")
        frame = np.float32(frame / 255 if frame.dtype == np.uint8 else frame)
        block = np.float32(self.trained.scale.normalise(actions)).reshape(-1)
        self.memory, surprise = self.look(self.trained.variables, self.memory, frame, block)
        self.before += 1
        if self.before == 1:
            return None
        found = score(float(surprise), self.before - 1, self.calibration)
        return Score(float(surprise), float(found), float(p_value(found, self.calibration)))


def look(model: Model, variables: Any, memory: Memory, frame: jax.Array, block: jax.Array) -> tuple[Memory, jax.Array]:
    """The memory after one more frame [H, W, 3] and the block [5A] that led to it, and the frame's surprise. Places of the memory that hold
    no frame yet lie to the right of those that do: a causal predictor does not look at them."""
    z = model.encode(variables, frame[None])[0]
    history, last = len(memory.z), memory.held - 1
    blocks = memory.blocks.at[last].set(block)
    ahead = model.predict(variables, memory.z[None], blocks[None])[0, last]
    full = memory.held == history
    slide = lambda x: jnp.where(full, jnp.roll(x, -1, 0), x)  # noqa: E731
    place = jnp.minimum(memory.held, history - 1)
    memory = Memory(slide(memory.z).at[place].set(z), slide(blocks), jnp.minimum(memory.held + 1, history))
    return memory, mean_square(ahead - z, 0)
