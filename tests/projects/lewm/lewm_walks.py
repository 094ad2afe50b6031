"""TwoRoom as a world model that is never wrong: it finds the agent in the picture, and moves as the simulator does."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from configs.lewm import base
from projects.lewm.clips import ActionScale
from projects.lewm.envs import environment, tworoom
from projects.lewm.episodes import Episodes, from_list
from projects.lewm.trained import Trained


def config(**changes) -> ConfigDict:
    """Of a plan at scale smoke; dots are written as two underscores."""
    fields = base.get_config("smoke")
    fields.entry = "plan"
    fields.update_from_flattened_dict({"images.size": 32, **{name.replace("__", "."): value for name, value in changes.items()}})
    return base.resolve(fields)


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
