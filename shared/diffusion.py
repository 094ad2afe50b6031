"""Diffusion over K discrete noise levels (Ho et al., 2020), as functions over arrays: how data are noised, what a network is asked, and
two samplers. Level 0 has the least noise. A network comes as `denoise(x, k)`: x [B, ...] float32, k [B] levels -> what it predicts.
"""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

Denoise = Callable[[jax.Array, jax.Array], jax.Array]
PREDICTIONS = ("eps", "x0", "v")


def cosine(levels: int) -> np.ndarray:
    """Variances of the noise that each level adds, [K] (Nichol and Dhariwal, 2021, eq. 17; s = 0.008, clipped at 0.999)."""
    share = np.cos((np.arange(levels + 1) / levels + 0.008) / 1.008 * np.pi / 2) ** 2
    return np.minimum(1 - share[1:] / share[:-1], 0.999)


def linear(levels: int) -> np.ndarray:
    """The same, from 1e-4 to 0.02 for a thousand levels (Ho et al., 2020), in proportion for another number."""
    return np.minimum(np.linspace(1e-4, 0.02, levels) * 1000 / levels, 0.999)


SCHEDULES = {"cosine": cosine, "linear": linear}


@dataclass(frozen=True)
class Process:
    """x_k = sqrt(abar_k) x0 + sqrt(1 - abar_k) eps. Indices k are [B], arrays x [B, ...]; all is float32.

    `predicts` is what the network says: the noise eps, the data x0, or the velocity v = sqrt(abar) eps - sqrt(1 - abar) x0 (Salimans and
    Ho, 2022). Near the top of a cosine schedule sqrt(abar) is 5e-5: an error in eps is 20,000 times as large in x0, where x0 and v pass
    theirs on as it is. A sampler of few steps that predicts eps needs its x0 clipped.
    """

    abar: np.ndarray  # [K], share of the signal in the variance, falling
    predicts: str

    def __post_init__(self) -> None:
        if self.predicts not in PREDICTIONS:
            raise ValueError(f"a network predicts one of {', '.join(PREDICTIONS)}, not {self.predicts!r}")

    def amplitudes(self, k: jax.Array, like: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Of the signal and of the noise at levels k, shaped to multiply `like` [B, ...]. Level -1 is clean."""
        abar = jnp.asarray(np.append(self.abar, np.float32(1)))[k]  # the last entry is that of -1
        abar = abar.reshape(abar.shape + (1,) * (like.ndim - abar.ndim))
        return jnp.sqrt(abar), jnp.sqrt(1 - abar)

    def noised(self, x0: jax.Array, k: jax.Array, eps: jax.Array) -> jax.Array:
        signal, noise = self.amplitudes(k, x0)
        return signal * x0 + noise * eps

    def target(self, x0: jax.Array, k: jax.Array, eps: jax.Array) -> jax.Array:
        """What the network is asked to predict from `noised(x0, k, eps)`."""
        if self.predicts != "v":
            return eps if self.predicts == "eps" else x0
        signal, noise = self.amplitudes(k, x0)
        return signal * eps - noise * x0

    def split(self, x: jax.Array, k: jax.Array, prediction: jax.Array, clip: float | None = None) -> tuple[jax.Array, jax.Array]:
        """(x0, eps), which add up to x at levels k, as the prediction has it; with x0 held to [-clip, clip]."""
        signal, noise = self.amplitudes(k, x)
        said = prediction.astype(jnp.float32)
        if self.predicts == "eps":
            x0, eps = (x - noise * said) / signal, said
        elif self.predicts == "x0":
            x0, eps = said, (x - signal * said) / noise
        else:
            x0, eps = signal * x - noise * said, noise * x + signal * said
        if clip is None:
            return x0, eps
        x0 = jnp.clip(x0, -clip, clip)
        return x0, (x - signal * x0) / noise


def process(schedule: str, levels: int, predicts: str) -> Process:
    """schedule: a name in SCHEDULES; predicts: one of PREDICTIONS. Raises ValueError for another name."""
    if schedule not in SCHEDULES:
        raise ValueError(f"a schedule is one of {', '.join(SCHEDULES)}, not {schedule!r}")
    return Process(np.cumprod(1 - SCHEDULES[schedule](levels)).astype(np.float32), predicts)


def loss(process: Process, denoise: Denoise, x0: jax.Array, key: jax.Array, mask: jax.Array | None = None) -> jax.Array:
    """Mean squared error of the prediction for x0 [B, T, D] at levels drawn uniformly, one per row, over what counts in mask [B, T]."""
    level, noise = jax.random.split(key)
    k = jax.random.randint(level, x0.shape[:1], 0, len(process.abar))
    eps = jax.random.normal(noise, x0.shape)
    said = denoise(process.noised(x0, k, eps), k).astype(jnp.float32)
    error = jnp.mean((said - process.target(x0, k, eps)) ** 2, -1)  # [B, T]
    return jnp.mean(error) if mask is None else jnp.sum(error * mask) / jnp.maximum(jnp.sum(mask), 1)


def grid(levels: int, steps: int) -> np.ndarray:
    """The levels that a sampler of so many steps walks down, [steps + 1]: from the top, where its noise belongs, to -1, clean data.

    Spaced from the top ("trailing" in Lin et al., 2024), so that no step is spent between level 0 and clean data. Raises ValueError
    unless 1 <= steps <= levels.
    """
    if not 1 <= steps <= levels:
        raise ValueError(f"a sampler over {levels} levels takes 1 to {levels} steps, not {steps}")
    return levels - 1 - np.arange(steps + 1) * levels // steps


def ddim(process: Process, denoise: Denoise, x: jax.Array, steps: int, clip: float | None = None) -> jax.Array:
    """Standard normal noise x [B, ...] -> data, by DDIM with eta = 0 (Song et al., 2021): the noise decides all."""

    def step(x: jax.Array, inputs: tuple) -> tuple[jax.Array, None]:
        k, to = inputs
        x0, eps = process.split(x, k, denoise(x, k), clip)
        return process.noised(x0, to, eps), None

    return jax.lax.scan(step, x.astype(jnp.float32), walk(process, len(x), steps))[0]


def ddpm(process: Process, denoise: Denoise, x: jax.Array, steps: int, key: jax.Array, clip: float | None = None) -> jax.Array:
    """The same by ancestral sampling: each step draws from q(x_to | x_k, x0) for the predicted x0 (Ho et al., 2020, eq. 7)."""

    def step(x: jax.Array, inputs: tuple) -> tuple[jax.Array, None]:
        (k, to), key = inputs
        x0, eps = process.split(x, k, denoise(x, k), clip)
        (signal, noise), (signal_to, noise_to) = process.amplitudes(k, x), process.amplitudes(to, x)
        kept = noise_to**2 * signal / (noise * signal_to)  # of eps; fresh noise makes up the rest of the variance of level `to`
        fresh = noise_to / noise * jnp.sqrt(1 - (signal / signal_to) ** 2)
        return signal_to * x0 + kept * eps + fresh * jax.random.normal(key, x.shape), None

    inputs = walk(process, len(x), steps), jax.random.split(key, steps)
    return jax.lax.scan(step, x.astype(jnp.float32), inputs)[0]


def walk(process: Process, rows: int, steps: int) -> tuple[jax.Array, jax.Array]:
    """The level of every step and the next one, [steps, rows] each."""
    levels = jnp.broadcast_to(grid(len(process.abar), steps)[:, None], (steps + 1, rows))
    return levels[:-1], levels[1:]
