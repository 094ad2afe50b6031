"""A world model by hand: a point mass whose latent is its place, which a picture writes into the first of its pixels."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

PLAN = {
    "policy": "model", "solver": "cem", "samples": 100, "elites": 10, "iterations": 12, "horizon": 3, "history": 1, "beta": 1.0,
    "momentum": 0.1, "keep": 3, "temperature": 0.5, "lr": 0.3,
}  # fmt: skip
WIDE = jnp.full(10, 1e9)  # bounds that bind nothing


def plan(**changes) -> ConfigDict:
    return ConfigDict(PLAN | changes)


def picture(places: np.ndarray) -> np.ndarray:
    """Places [..., 2] in 0 .. 255 -> uint8 [..., 4, 4, 3]."""
    frames = np.zeros((*places.shape[:-1], 4, 4, 3), np.uint8)
    frames[..., 0, 0, :2] = places
    return frames


class Points(NamedTuple):
    """Moves by the sum of a block's actions of two numbers, times variables["speed"]. A latent is [2], or [axes, 2]: copies of it."""

    axes: tuple[int, ...] = ()

    def encode(self, variables, frames):
        places = frames[..., 0, 0, :2] * 255 - 128
        copied = jnp.broadcast_to(places[..., *[None] * len(self.axes), :], (*places.shape[:-1], *self.axes, 2))
        return copied * variables.get("gain", 1.0)

    def modulations(self, variables, blocks):
        return variables["speed"] * blocks.reshape(*blocks.shape[:-1], 5, 2).sum(-2)[None]

    def extend(self, variables, z, modulations, past):
        return z + modulations[0].reshape(len(z), *[1] * len(self.axes), 2), past


def keys(count: int, seed: int = 0) -> jax.Array:
    return jax.random.split(jax.random.key(seed), count)
