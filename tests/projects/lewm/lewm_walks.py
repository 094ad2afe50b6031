"""TwoRoom as a world model that is never wrong: it finds the agent in the picture, and moves as the simulator does."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import lewm_world
import numpy as np
from ml_collections import ConfigDict

from projects.lewm.clips import ActionScale
from projects.lewm.envs import environment, tworoom
from projects.lewm.episodes import Episodes, from_list
from projects.lewm.trained import Trained


def config(**changes: Any) -> ConfigDict:
    """Of a plan that sees pictures of 32 pixels."""
    return lewm_world.config(**{"entry": "plan", "images__size": 32, **changes})


def episodes(count: int = 30, seed: int = 0) -> Episodes:
    return from_list(environment("tworoom").collect("expert", count, 60, seed))


class Walker(NamedTuple):
    """variables: mean and std of the raw actions. A latent is a place in pixels of the picture of 224."""

    def encode(self, variables, frames):
        size = frames.shape[-2]
        red = frames[..., 0] - frames[..., 1]  # the blob alone, also where it covers a wall
        at = (jnp.arange(size) + 0.5) * (tworoom.SIZE / size) - 0.5
        x, y = (red.sum(axis) @ at / red.sum((-2, -1)) for axis in (-2, -1))
        return jnp.stack([x, y], -1)

    def modulations(self, variables, blocks):
        actions = blocks.reshape(*blocks.shape[:-1], -1, 2) * variables["std"] + variables["mean"]
        return actions[None]

    def extend(self, variables, z, modulations, past):
        return jax.vmap(lambda place, actions: jax.lax.scan(lambda p, a: (tworoom.step(p, a), None), place, actions)[0])(
            z, modulations[0]
        ), past


def trained(played: Episodes, **changes) -> Trained:
    scale = ActionScale.of(played)
    return Trained(config(**changes), Walker(), {"mean": jnp.asarray(scale.mean), "std": jnp.asarray(scale.std)}, scale)


def far(states: np.ndarray, goals: np.ndarray) -> np.ndarray:
    return np.linalg.norm(states - goals, axis=-1)
