"""Model predictive path integral control (Williams et al., 2017): the mean moves to a soft minimum of its samples."""

import jax
import jax.numpy as jnp

from projects.lewm.solvers.samples import Cost, Found, draw, lowest


def mppi(cost: Cost, key: jax.Array, shape: tuple[int, int], *, samples: int, elites: int, iterations: int, temperature: float) -> Found:
    """As in the authors' code: the deviation stays 1, the new mean is that of the elites, weighted by exp(-cost / temperature).
    Returns the last mean."""

    def iterate(mean: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        plans = draw(key, samples, mean, jnp.ones(shape))
        costs = cost(plans)
        best = lowest(costs, elites)
        return jnp.tensordot(jax.nn.softmax(-costs[best] / temperature), plans[best], 1), costs

    return Found(*jax.lax.scan(iterate, jnp.zeros(shape), jax.random.split(key, iterations)))
