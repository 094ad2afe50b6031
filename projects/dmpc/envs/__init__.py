"""Environments: copies of one, stepped together on the host, and the lookup by name."""

import importlib
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from shared.errors import BadInput

MODULES = {"ring": "ring", "halfcheetah": "locomotion", "hopper": "locomotion", "walker2d": "locomotion"}


@dataclass(frozen=True)
class Spec:
    """What is the same for all copies."""

    name: str
    version: str
    state_size: int  # S, numbers of an observation
    action_size: int  # A
    positions: int  # P, numbers of qpos
    velocities: int  # V, numbers of qvel
    limit: int  # steps after which an episode is over though nothing went wrong

    @property
    def id(self) -> str:
        return f"{self.name}-{self.version}"


@dataclass(frozen=True)
class Step:
    """What became of the copies. One that was finished before has a reward of 0 and neither end."""

    observations: np.ndarray  # float32 [E, S]
    rewards: np.ndarray  # float32 [E]
    terminals: np.ndarray  # bool [E]: ended by failure
    timeouts: np.ndarray  # bool [E]: ended by the time limit


class Environments(ABC):
    """E copies of an environment. A copy that is finished, or was never begun, stands still until it begins again."""

    def __init__(self, spec: Spec, count: int, joint: int, limit: float):
        """`joint`: the actuator whose torque is at most `limit`, though more is commanded; -1: none. Raises BadInput on another one."""
        if not -1 <= joint < spec.action_size:
            raise BadInput(f"env.defect_joint={joint}: {spec.name} has actuators 0 to {spec.action_size - 1}; -1 leaves all of them whole")
        self.spec, self.count = spec, count
        self.strength = np.ones(spec.action_size, np.float32)  # [A], the largest torque of each actuator
        if joint >= 0:
            self.strength[joint] = limit
        self.observations = np.zeros((count, spec.state_size), np.float32)
        self.qpos = np.zeros((count, spec.positions))  # float64 [E, P]
        self.qvel = np.zeros((count, spec.velocities))  # float64 [E, V]
        self.steps = np.zeros(count, np.int32)  # of the episode
        self.alive = np.zeros(count, bool)

    def begin(self, copies: Sequence[int], seeds: Sequence[Any]) -> None:
        """A new episode for each of these copies, at the start that its seed (whatever numpy takes as one) draws."""
        for copy, seed in zip(copies, seeds, strict=True):
            self._begin(copy, np.random.default_rng(seed))
            self.steps[copy], self.alive[copy] = 0, True

    def place(self, qpos: np.ndarray, qvel: np.ndarray) -> None:
        """Puts the first n copies at [n, P] and [n, V], in new episodes; the others stand still."""
        self.alive[:] = False
        for copy, (position, velocity) in enumerate(zip(qpos, qvel, strict=True)):
            self._place(copy, position, velocity)
            self.steps[copy], self.alive[copy] = 0, True

    def step(self, actions: np.ndarray) -> Step:
        """Commanded actions [E, A]; what is beyond 1, or beyond a defective joint's limit, counts as that. The reward is that of the
        torques that were applied."""
        rewards, terminals = np.zeros(self.count, np.float32), np.zeros(self.count, bool)
        self._step(np.flatnonzero(self.alive), np.maximum(np.minimum(actions, self.strength), -self.strength), rewards, terminals)
        self.steps += self.alive
        timeouts = self.alive & ~terminals & (self.steps >= self.spec.limit)
        self.alive &= ~(terminals | timeouts)
        return Step(self.observations.copy(), rewards, terminals, timeouts)

    def snapshot(self) -> dict[str, np.ndarray]:
        """Everything that the next steps depend on."""
        plain = {"observations": self.observations, "steps": self.steps, "alive": self.alive}
        return {**plain, "qpos": bits(self.qpos), "qvel": bits(self.qvel)}

    def resume(self, snapshot: dict[str, np.ndarray]) -> None:
        """Goes on from there."""
        self.observations, self.steps, self.alive = (np.array(snapshot[name]) for name in ("observations", "steps", "alive"))
        self.qpos, self.qvel = doubles(snapshot["qpos"]), doubles(snapshot["qvel"])

    @abstractmethod
    def _begin(self, copy: int, rng: np.random.Generator) -> None:
        """Draws a start; fills this row of observations, qpos and qvel."""

    @abstractmethod
    def _place(self, copy: int, qpos: np.ndarray, qvel: np.ndarray) -> None:
        """Likewise, where it is told to."""

    @abstractmethod
    def _step(self, copies: np.ndarray, torques: np.ndarray, rewards: np.ndarray, terminals: np.ndarray) -> None:
        """Fills the rows `copies` [n] of observations, qpos, qvel, rewards [E] and terminals [E]. Torques [E, A]."""


def bits(values: np.ndarray) -> np.ndarray:
    """Doubles [E, n] as uint32 [E, 2n], which JAX keeps as they are."""
    return np.ascontiguousarray(values).view(np.uint32)


def doubles(values: np.ndarray) -> np.ndarray:
    """And back."""
    return np.array(values).view(np.float64)


def environments(env: ConfigDict, count: int) -> Environments:
    """`count` copies of what a config's section `env` names. Raises BadInput on a name, a version or a joint that is not known, and where
    a package is missing."""
    if env.name not in MODULES:
        raise BadInput(f"env.name={env.name!r}: choose one of {', '.join(MODULES)}")
    module = importlib.import_module(f"projects.dmpc.envs.{MODULES[env.name]}")
    return module.make(env.name, env.version, count, env.defect_joint, env.defect_limit)


def check_version(name: str, version: str, known: tuple[str, ...]) -> None:
    """Raises BadInput on a version that is not known: physics differ between them."""
    if version not in known:
        raise BadInput(f"env.version={version!r}: of {name} there is {' and '.join(known)}")


def package(name: str) -> ModuleType:
    """A package that only some environments need, imported where it is used. Raises BadInput when it is missing."""
    try:
        return importlib.import_module(name)
    except (ImportError, AttributeError, RuntimeError) as error:  # of the latter two, where mujoco cannot follow MUJOCO_GL
        asked = os.environ.get("MUJOCO_GL")
        install = [] if asked and not isinstance(error, ImportError) else ["python -m pip install -r requirements.txt"]
        unset = [f"unset MUJOCO_GL={asked}, or let it name what is here"] if asked else []
        raise BadInput(f"this environment needs {name} ({error}): {'; or '.join([*install, *unset])}") from None


def rollout(worlds: Environments, qpos: np.ndarray, qvel: np.ndarray, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What truly follows from sequences of actions: from [N, P] and [N, V], by actions [N, T, A], the observations [N, T, S] after each
    of them, and whether [N, T] the episode had not ended before; from its end on the observations repeat."""
    count, steps, _ = actions.shape
    observations, real = np.empty((count, steps, worlds.spec.state_size), np.float32), np.empty((count, steps), bool)
    for first in range(0, count, worlds.count):
        some = slice(first, first + worlds.count)
        rows = len(qpos[some])
        commands = np.zeros((worlds.count, steps, worlds.spec.action_size), np.float32)
        commands[:rows] = actions[some]
        worlds.place(qpos[some], qvel[some])
        for t in range(steps):
            real[some, t] = worlds.alive[:rows]
            observations[some, t] = worlds.step(commands[:, t]).observations[:rows]
    return observations, real
