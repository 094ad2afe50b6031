"""The scales of the data that a model has learned from: between the environment's units and those in which all numbers are of order one."""

from typing import Any

import jax.numpy as jnp

from projects.dmpc.windows import Normaliser, Windows

Tree = Any


def plain(states: int, actions: int) -> Tree:
    """Of data that are normalised as they are: mean, std and, for states, reach (the largest normalised value) of each number, and the
    units of rewards and of returns."""
    return {
        "states": {"mean": jnp.zeros(states), "std": jnp.ones(states), "reach": jnp.full(states, jnp.inf)},
        "actions": {"mean": jnp.zeros(actions), "std": jnp.ones(actions)},
        "reward": jnp.ones(()),
        "value": jnp.ones(()),
    }


def stats(windows: Windows) -> Tree:
    """Of the data that windows are taken from."""
    states, actions, data = windows.states, windows.actions, windows.transitions
    far = jnp.maximum(*(abs(states.normalise(values)).max(axis=0) for values in (data.observations, data.next_observations)))
    return {
        "states": {"mean": jnp.asarray(states.mean), "std": jnp.asarray(states.std), "reach": far},
        "actions": {"mean": jnp.asarray(actions.mean), "std": jnp.asarray(actions.std)},
        "reward": jnp.float32(windows.reward_scale),
        "value": jnp.float32(windows.value_scale),
    }


def scales(variables: Tree) -> tuple[Normaliser, Normaliser]:
    """Of states and of actions, from a part's variables."""
    known = variables["stats"]
    return tuple(Normaliser(known[kind]["mean"], known[kind]["std"]) for kind in ("states", "actions"))
