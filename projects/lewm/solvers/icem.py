"""Improved cross-entropy method (Pinneri et al., 2020): noise with a colour, momentum, elites that survive, plans within bounds."""

import jax
import jax.numpy as jnp
import numpy as np

from projects.lewm.solvers.samples import Cost, Found, lowest


def icem(
    cost: Cost, key: jax.Array, shape: tuple[int, int], *, samples: int, elites: int, iterations: int,
    beta: float, momentum: float, keep: int, low: jax.Array, high: jax.Array,
) -> Found:  # fmt: skip
    """The first sample is the mean, the next `keep` are the best of the iteration before. The new mean and deviation keep `momentum` of the
    old. low and high [5A] bound what is tried. Returns the last mean."""
    keep = min(keep, elites, samples - 1)

    def iterate(carry: tuple[jax.Array, ...], inputs: tuple[jax.Array, jax.Array]) -> tuple[tuple, jax.Array]:
        mean, std, kept = carry
        key, first = inputs
        plans = (mean + std * coloured(key, (samples, *shape), beta)).at[0].set(mean)
        plans = plans.at[1 : 1 + keep].set(jnp.where(first, plans[1 : 1 + keep], kept))
        plans = jnp.clip(plans, low, high)
        costs = cost(plans)
        best = plans[lowest(costs, elites)]
        mean = momentum * mean + (1 - momentum) * best.mean(0)
        std = momentum * std + (1 - momentum) * best.std(0, ddof=1)
        return (mean, std, best[:keep]), costs

    start = jnp.zeros(shape), jnp.ones(shape), jnp.zeros((keep, *shape))
    (mean, _, _), costs = jax.lax.scan(iterate, start, (jax.random.split(key, iterations), jnp.arange(iterations) == 0))
    return Found(mean, costs)


def coloured(key: jax.Array, shape: tuple[int, int, int], beta: float) -> jax.Array:
    """Gaussian noise [S, H, N] along H, of power 1 / f^beta and variance 1; beta = 0 is white. Frequency 0 has the power of the lowest.

    The authors' code divides each of its short sequences by its own deviation instead, which gives noise with heavy tails.
    """
    return jnp.einsum("th,shn->stn", filter_of(shape[1], beta), jax.random.normal(key, shape))


def filter_of(steps: int, beta: float) -> np.ndarray:
    """The circulant matrix [H, H] that colours white noise; each row has norm 1."""
    frequency = np.minimum(np.arange(steps), steps - np.arange(steps))  # of the discrete Fourier transform, in turns per H steps
    amplitude = np.maximum(frequency, 1.0) ** (-beta / 2)
    response = np.fft.ifft(amplitude / np.sqrt(np.mean(amplitude**2))).real  # to an impulse
    return np.stack([np.roll(response, shift) for shift in range(steps)], 1).astype(np.float32)
