"""Environments: what an experiment may ask of one, and the lookup by name. One module each; its ENVIRONMENT answers."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import jax
import numpy as np

from shared.errors import BadInput

CHUNK = 64  # frames drawn at a time


@dataclass(frozen=True)
class Environment:
    """States determine the picture and the simulator: `rollout(state, actions)` visits again the states of the episode they come from.

    Shapes: S numbers of a state, A of an action, T steps. On the host, unless it says JAX. Actions are raw: not normalised.
    """

    name: str
    action_size: int  # A
    state_size: int  # S
    # what probes read, by name: states [N, S] -> targets [N, d]
    quantities: dict[str, Callable[[np.ndarray], np.ndarray]]
    # draw(states [..., S], size, changed [...] | False) -> frames float32 [..., size, size, 3], each value k / 255, so that drawn and
    # stored frames agree. JAX, traceable. `changed` is the visual edit: another colour. None where only a simulator can draw.
    draw: Callable | None
    # photograph(states [N, S], size, changed=False) -> uint8 [N, size, size, 3]
    photograph: Callable[..., np.ndarray]
    # rollout(states [N, S], actions [N, T, A]) -> states [N, T, S] after each action
    rollout: Callable[[np.ndarray, np.ndarray], np.ndarray]
    # collect(policy, episodes, steps, seed) -> (states [T, S], actions [T-1, A]) of each episode of at most `steps` actions: T <= steps + 1
    collect: Callable[[str, int, int, int], list[tuple[np.ndarray, np.ndarray]]]
    # random_actions(rng, N, T) -> [N, T, A]: the floor that a planner is compared with
    random_actions: Callable[[np.random.Generator, int, int], np.ndarray]
    # scripted(states [N, S], goals [N, S], T, rng) -> states [N, T, S]: a controller written by hand on its way to the goals
    scripted: Callable[[np.ndarray, np.ndarray, int, np.random.Generator], np.ndarray] | None
    # success(states [..., S], goals [..., S]) -> bool [...]
    success: Callable[[np.ndarray, np.ndarray], np.ndarray]
    # teleport(states [N, S], rng) -> states [N, S]: the physical violation
    teleport: Callable[[np.ndarray, np.random.Generator], np.ndarray]
    # grid(side) -> states [side * side, S]: all places, evenly, of what moves, and nothing else differs. None where draw is
    grid: Callable[[int], np.ndarray] | None


def environment(name: str) -> Environment:
    """By its name in configs/lewm/base.py. Raises BadInput where `package` does."""
    return importlib.import_module(f"projects.lewm.envs.{name}").ENVIRONMENT


def package(name: str) -> ModuleType:
    """A package that only some environments need, imported where it is used. Raises BadInput when it is missing."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise BadInput(f"this environment needs {name} ({error}): python -m pip install -r requirements.txt") from None


def square(side: int) -> np.ndarray:
    """The centres of side x side equal parts of the unit square, [side * side, 2]."""
    centres = (np.arange(side) + 0.5) / side
    return np.stack(np.meshgrid(centres, centres), -1).reshape(-1, 2)


def photographer(draw: Callable) -> Callable[..., np.ndarray]:
    """The `photograph` of an environment that can draw."""
    drawn = jax.jit(lambda states, size, changed: (draw(states, size, changed) * 255 + 0.5).astype("uint8"), static_argnums=(1, 2))

    def photograph(states: np.ndarray, size: int, changed: bool = False) -> np.ndarray:
        padded = np.pad(states, ((0, -len(states) % CHUNK), (0, 0)), mode="edge")  # one shape, one program
        frames = [np.asarray(drawn(chunk, size, changed)) for chunk in padded.reshape(-1, CHUNK, states.shape[-1])]
        return np.concatenate(frames)[: len(states)]

    return photograph
