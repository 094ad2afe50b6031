"""The policies that play data, in numpy: on the host a small network answers sooner than a device could be asked."""

import os
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from projects.dmpc.envs import Environments, Spec
from shared.errors import BadInput

Policy = Callable[[np.ndarray, np.random.Generator], np.ndarray]  # observations [E, S] -> actions [E, A] in [-1, 1]
LOG_STD = (-5.0, 2.0)  # of the Gaussian before tanh; the network's output is squeezed in between
LAYERS = 3


@dataclass(frozen=True)
class Actor:
    """Soft Actor-Critic's policy: a Gaussian from a network with two hidden layers of ReLU, squashed by tanh."""

    kernels: tuple[np.ndarray, ...]  # [S, width], [width, width], [width, 2A]
    biases: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, params: dict) -> "Actor":
        """Of the learner's parameters."""
        return cls(*(tuple(np.asarray(array) for array in params[name]) for name in ("kernels", "biases")))

    def gaussian(self, observations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation before tanh, [E, A] each."""
        hidden = observations
        for kernel, bias in zip(self.kernels[:-1], self.biases[:-1], strict=True):
            hidden = np.maximum(hidden @ kernel + bias, 0)
        mean, spread = np.split(hidden @ self.kernels[-1] + self.biases[-1], 2, axis=-1)
        low, high = LOG_STD
        return mean, np.exp(low + 0.5 * (high - low) * (np.tanh(spread) + 1))

    def sample(self, observations: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        mean, std = self.gaussian(observations)
        return np.tanh(mean + std * rng.standard_normal(mean.shape, np.float32))

    def mode(self, observations: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The most likely action, more or less: tanh of the mean."""
        return np.tanh(self.gaussian(observations)[0])

    # -- files --------------------------------------------------------------------------------------------------------------------------
    def save(self, path: Path, **numbers: np.ndarray | int) -> None:
        """As npz, with what else is known of it. The file is there once it is complete."""
        arrays = {f"kernel{layer}": kernel for layer, kernel in enumerate(self.kernels)}
        arrays |= {f"bias{layer}": bias for layer, bias in enumerate(self.biases)}
        beside = path.with_name(f".{path.name}.tmp.npz")
        np.savez_compressed(beside, **arrays, **numbers)
        os.replace(beside, path)

    @classmethod
    def load(cls, path: Path) -> "Actor":
        """Raises BadInput where there is no such file or it holds something else."""
        try:
            with np.load(path) as file:
                return cls(*(tuple(file[f"{kind}{layer}"] for layer in range(LAYERS)) for kind in ("kernel", "bias")))
        except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            raise BadInput(f"{path} holds no actor ({error}): get it back with `git checkout {path}`") from None


def random(spec: Spec) -> Policy:
    """Uniform actions."""
    return lambda observations, rng: rng.uniform(-1, 1, (len(observations), spec.action_size)).astype(np.float32)


def returns(worlds: Environments, policy: Policy, seed: tuple[int, ...]) -> np.ndarray:
    """One episode by every copy: undiscounted returns [E]."""
    rng = np.random.default_rng(seed)
    worlds.begin(range(worlds.count), [(*seed, 1 + copy) for copy in range(worlds.count)])
    total = np.zeros(worlds.count)
    while worlds.alive.any():
        total += worlds.step(policy(worlds.observations, rng)).rewards
    return total
