"""Descent through the world model, from many starts at once."""

from functools import partial

import jax
import jax.numpy as jnp
import optax

from projects.lewm.solvers.samples import Cost, Found, draw, lowest

# With PyTorch's constants, as in the authors' code.
OPTIMIZERS = {"adam": optax.adam, "sgd": optax.sgd, "rmsprop": partial(optax.rmsprop, decay=0.99, eps=1e-8, eps_in_sqrt=False)}


def descend(
    cost: Cost, key: jax.Array, shape: tuple[int, int], *, samples: int, iterations: int, optimizer: optax.GradientTransformation
) -> Found:
    """Starts at zero and at samples - 1 draws of N(0, 1); every plan descends on its own. Returns the one that was cheapest when costs were
    last computed, one step further (the authors' choice)."""

    def total(plans: jax.Array) -> tuple[jax.Array, jax.Array]:
        costs = cost(plans)
        return costs.sum(), costs

    def iterate(carry: tuple[jax.Array, optax.OptState], _: None) -> tuple[tuple, jax.Array]:
        plans, state = carry
        slope, costs = jax.grad(total, has_aux=True)(plans)
        step, state = optimizer.update(slope, state)
        return (optax.apply_updates(plans, step), state), costs

    plans = draw(key, samples, jnp.zeros(shape), jnp.ones(shape))
    (plans, _), costs = jax.lax.scan(iterate, (plans, optimizer.init(plans)), length=iterations)
    return Found(plans[lowest(costs[-1], 1)[0]], costs)
