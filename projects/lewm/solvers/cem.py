"""Cross-entropy method, as in the authors' code: a Gaussian is refitted to the best of its own samples."""

import jax
import jax.numpy as jnp

from projects.lewm.solvers.samples import Cost, Found, draw, lowest


def cem(cost: Cost, key: jax.Array, shape: tuple[int, int], *, samples: int, elites: int, iterations: int) -> Found:
    """Starts from N(0, 1), refits mean and standard deviation (of a sample, ddof = 1) to the elites, and returns the last mean. The first
    sample is always the mean itself. No momentum, no bounds, and nothing keeps the deviation from shrinking."""

    def iterate(gaussian: tuple[jax.Array, jax.Array], key: jax.Array) -> tuple[tuple, jax.Array]:
        plans = draw(key, samples, *gaussian)
        costs = cost(plans)
        best = plans[lowest(costs, elites)]
        return (best.mean(0), best.std(0, ddof=1)), costs

    (mean, _), costs = jax.lax.scan(iterate, (jnp.zeros(shape), jnp.ones(shape)), jax.random.split(key, iterations))
    return Found(mean, costs)
