"""What a trained model sees: latents of states and of pictures, a chunk at a time, and small pictures for figures."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from projects.lewm.envs import Environment
from projects.lewm.episodes import Episodes
from projects.lewm.model import Model, build
from projects.lewm.trained import Trained
from shared.lowering import Program, parameter_count

CHUNK = 256  # frames at a time
THUMBNAIL = 64  # pixels at most


class Sight:
    """Latents [N, ...] float32 on the host, by one compiled program each for states and for pictures."""

    def __init__(self, trained: Trained, environment: Environment):
        encode, draw, size = trained.model.encode, environment.draw, trained.config.images.size
        self.environment, self.size, self.variables = environment, size, trained.variables
        self.encode = seeing(trained.model)
        self.draw = jax.jit(lambda variables, states, changed: encode(variables, draw(states, size, changed)))

    def states(self, states: np.ndarray, changed: bool = False) -> np.ndarray:
        """Of states [N, S], with or without the visual edit."""
        if self.environment.draw is None:
            return self.pixels(self.environment.photograph(states, self.size, changed))
        return chunked(lambda chunk: self.draw(self.variables, chunk, changed), states)

    def pixels(self, pixels: np.ndarray) -> np.ndarray:
        """Of pictures [N, H, W, 3], uint8."""
        return chunked(lambda chunk: self.encode(self.variables, chunk), pixels)

    def rows(self, episodes: Episodes, rows: np.ndarray) -> np.ndarray:
        """Of any rows [N] of episodes."""
        if episodes.pixels is None:
            return self.states(episodes.states[rows])
        return np.concatenate([self.pixels(episodes.pixels[rows[at : at + CHUNK]]) for at in range(0, len(rows), CHUNK)])


def seeing(model: Model) -> Callable:
    """Compiled (variables, pictures [N, H, W, 3] uint8) -> latents [N, ...]."""
    return jax.jit(lambda variables, pixels: model.encode(variables, pixels / 255))


def looking(trained: ConfigDict, frames: int) -> list[Program]:
    """A chunk of so many `frames` that the model of a training's config looks at, on one device."""
    model, size = build(trained), trained.images.size
    variables = jax.eval_shape(model.init, jax.random.key(0))
    pictures = jax.ShapeDtypeStruct((CHUNK, size, size, 3), np.uint8)
    return [Program(f"{CHUNK} frames", seeing(model), (variables, pictures), -(-frames // CHUNK), parameter_count(variables["weights"]))]


def chunked(function: Callable[[np.ndarray], Any], rows: np.ndarray) -> np.ndarray:
    """function(rows) by chunks of one shape; the last is filled up."""
    parts = []
    for at in range(0, len(rows), CHUNK):
        chunk = rows[at : at + CHUNK]
        filled = np.concatenate([chunk, np.repeat(chunk[:1], CHUNK - len(chunk), 0)])
        parts.append(np.asarray(function(filled))[: len(chunk)])
    return np.concatenate(parts)


def thumbnails(frames: np.ndarray) -> np.ndarray:
    """Frames [..., H, W, 3] in [0, 1] (what lies beyond is cut off) -> uint8 [..., h, w, 3] with h, w <= THUMBNAIL: means of squares."""
    *lead, height, width, _ = frames.shape
    side = -(-max(height, width) // THUMBNAIL)
    h, w = height // side, width // side
    means = frames[..., : h * side, : w * side, :].reshape(*lead, h, side, w, side, 3).mean((-4, -2))
    return np.uint8(np.clip(means, 0, 1) * 255 + 0.5)
