"""Search for the action blocks of least cost, in the space of normalised actions.

A solver is a pure function (cost, key, shape) -> Found: cost takes S plans [S, H, 5A] to their costs [S] and is called once per iteration;
shape is (H, 5A). It knows nothing of models.
"""

from collections.abc import Callable
from functools import partial

import jax
from ml_collections import ConfigDict

from projects.lewm.solvers.cem import cem
from projects.lewm.solvers.gradient import OPTIMIZERS, descend
from projects.lewm.solvers.icem import icem
from projects.lewm.solvers.mppi import mppi
from projects.lewm.solvers.samples import Cost, Found

Solver = Callable[[Cost, jax.Array, tuple[int, int]], Found]


def solver(plan: ConfigDict, low: jax.Array, high: jax.Array) -> Solver:
    """The one that config.plan names; low and high [5A] are the bounds of normalised actions, for those that respect them."""
    found = partial(cem, elites=plan.elites)
    match plan.solver:
        case "icem":
            found = partial(icem, elites=plan.elites, beta=plan.beta, momentum=plan.momentum, keep=plan.keep, low=low, high=high)
        case "mppi":
            found = partial(mppi, elites=plan.elites, temperature=plan.temperature)
        case "adam" | "sgd" | "rmsprop":
            found = partial(descend, optimizer=OPTIMIZERS[plan.solver](plan.lr))
    return partial(found, samples=plan.samples, iterations=plan.iterations)
