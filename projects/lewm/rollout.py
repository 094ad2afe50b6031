"""Imagined futures: predictions are fed back until a sequence of action blocks is used up.

The context grows to `window` frames, the history that the predictor was trained with, then slides. Positions are counted from the left of
the window, so a frame that slides is another token than it was; while the context grows, what was computed of earlier frames stays.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

Predict = Callable[[jax.Array, jax.Array], jax.Array]  # latents [B, T, ...], blocks [B, T, 5A] -> [B, T, ...], entry t of frame t + 1
Extend = Callable[[jax.Array, Any, Any], tuple[jax.Array, Any]]  # latents [B, ...], their condition, cache -> the next latents, cache


def rollout(predict: Predict, start: jax.Array, blocks: jax.Array, window: int = 3) -> jax.Array:
    """The frames after `start` [B, T0, ...] under blocks [B, T0 - 1 + H, 5A]: predicted latents [B, H, ...]. Block t leaves frame t."""
    latents = start
    for end in range(start.shape[1], blocks.shape[1] + 1):
        seen = slice(max(0, end - window), end)
        latents = jnp.concatenate([latents, predict(latents[:, seen], blocks[:, seen])[:, -1:]], 1)
    return latents[:, start.shape[1] :]


def unroll(extend: Extend, start: Sequence[jax.Array], conditions: Sequence[Any], window: int = 3) -> list[jax.Array]:
    """The same frame by frame, for a model that keeps what it computed: start is T0 latents [B, ...], conditions T0 - 1 + H of what the
    model makes of a block. Returns the H predictions.

    `extend` adds a frame to the window that `cache` holds (None: an empty one). Where a window slides only its last answer is read;
    compiled, what the others would only have answered is not computed.
    """
    frames, cache, held = list(start), None, 0  # the window holds the frames up to `held`
    for end in range(len(frames), len(conditions) + 1):
        if end > window:
            cache, held = None, end - window
        for frame in range(held, end):
            ahead, cache = extend(frames[frame], conditions[frame], cache)
        held = end
        frames.append(ahead)
    return frames[len(start) :]
