"""A toy world, and a model that knows it: a point that actions push about, shown as the colour of a plain picture."""

from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from projects.lewm.clips import ActionScale

SIZE, SKIP = 4, 5
CONFIG = ConfigDict({"images": {"size": SIZE}, "clips": {"history": 3, "frameskip": SKIP, "validation": 0.2}})


class Model:
    """The latent [3] of a frame is its mean colour. `slip` is how much of the last step the model wrongly thinks will go on, so that its
    predictions depend on the frames it is shown, and on where the first of them is."""

    def __init__(self, history=3, slip=0.3):
        self.config, self.slip = ConfigDict(CONFIG.to_dict()), slip
        self.config.clips.history = history

    def encode(self, variables, frames):
        return frames.mean((-3, -2)) * variables

    def predict(self, variables, z, blocks):
        assert z.shape[1] <= self.config.clips.history
        before = jnp.concatenate([jnp.zeros_like(z[:, :1]), z[:, :-1]], 1)
        places = (1 + 0.1 * jnp.arange(z.shape[1]))[:, None]
        moved = blocks.reshape(*blocks.shape[:2], SKIP, 2).sum(2)
        return z + variables * jnp.pad(moved, ((0, 0), (0, 0), (0, 1))) + self.slip * 0.01 * places * jnp.sin(9 * (z - before))


def trained(**changes):
    model = Model(**changes)
    return SimpleNamespace(config=model.config, model=model, variables=jnp.float32(1), scale=ActionScale(np.zeros(2), np.ones(2)))


def rollout(states, actions):
    return states[:, None] + np.cumsum(actions, 1)


def draw(states, size, changed):
    """Red and green tell the place, blue the visual edit, in a shade of the place's own."""
    colour = jnp.concatenate([states, jnp.where(changed, 0.5 + 0.1 * states[..., :1], 0)], -1)
    return jnp.broadcast_to(colour[..., None, None, :], (*states.shape[:-1], size, size, 3))


def collect(policy, episodes, steps, seed):
    """Random walks; with policy `short` they end soon, with `mixed` every other one does."""
    rng, played = np.random.default_rng(seed), []
    for index in range(episodes):
        length = 7 if policy == "short" or (policy == "mixed" and index % 2) else steps
        start, actions = rng.uniform(0, 1, 2), 0.02 * rng.normal(size=(length, 2))
        played.append((np.float32(np.concatenate([start[None], rollout(start[None], actions[None])[0]])), np.float32(actions)))
    return played


def photograph(states, size, changed=False):
    return np.uint8(np.asarray(draw(states, size, changed)) * 255 + 0.5)


WORLD = SimpleNamespace(
    draw=draw,
    photograph=photograph,
    rollout=rollout,
    collect=collect,
    teleport=lambda states, rng: np.float32((states + rng.uniform(0.3, 0.7, states.shape)) % 1),
    quantities={"the place": lambda states: states},
)
