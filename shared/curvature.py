"""Products of the curvature of a loss with a vector: of D^2 numbers, never more than a few gradients' worth in memory at once.

The loss is the mean over all rows of fixed batches, of a model in evaluation mode: the same function at every call, since otherwise what
Lanczos finds are the eigenvalues of nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from shared.errors import BadInput

Tree = Any
Operator = Callable[[jax.Array], jax.Array]  # v [D] -> [D], D as in ravel_pytree(params)


@dataclass(frozen=True)
class Objective:
    """A loss in the two parts that Gauss and Newton tell apart. Pure functions, without a random number."""

    outputs: Callable[[Tree, Tree], jax.Array]  # params, batch -> z [B, ...]
    loss: Callable[[jax.Array, Tree], jax.Array]  # z, batch -> mean over the batch's rows


def hessian(objective: Objective, batches: Sequence[Tree]) -> Callable[[Tree], Operator]:
    """H v, as the derivative of the gradient along v (Pearlmutter, 1994), at the params that the result is given. The batches may differ in
    their number of rows, the first axis of their arrays. Raises BadInput, then, where the loss is not finite."""

    def product(params: Tree, batch: Tree) -> Operator:
        flat, shaped = ravel_pytree(params)
        return jax.linearize(jax.grad(lambda flat: objective.loss(objective.outputs(shaped(flat), batch), batch)), flat)[1]

    return over(objective, product, batches)


def gauss_newton(objective: Objective, batches: Sequence[Tree]) -> Callable[[Tree], Operator]:
    """G v = J' (d^2 loss / dz^2) J v, J = dz / dparams: what of the Hessian is left where the outputs are linear, and no eigenvalue is
    negative where the loss is convex in them. Otherwise as `hessian`."""

    def product(params: Tree, batch: Tree) -> Operator:
        flat, shaped = ravel_pytree(params)

        def outputs(flat: jax.Array) -> jax.Array:
            return objective.outputs(shaped(flat), batch)

        z, push = jax.linearize(outputs, flat)
        bend = jax.linearize(jax.grad(lambda z: objective.loss(z, batch)), z)[1]
        return Partial(lambda push, bend, pull, v: pull(bend(push(v)))[0], push, bend, jax.vjp(outputs, flat)[1])

    return over(objective, product, batches)


def over(objective: Objective, product: Callable[[Tree, Tree], Operator], batches: Sequence[Tree]) -> Callable[[Tree], Operator]:
    """The mean over all rows. Of a single batch, what does not depend on v is worked out once and kept; of several it is worked out again
    for every v, so that one batch at a time is in memory. One program serves all params, and all batches of one size."""
    counts = [len(jax.tree.leaves(batch)[0]) for batch in batches]
    shares = [count / sum(counts) for count in counts]
    value = jax.jit(lambda params, batch: objective.loss(objective.outputs(params, batch), batch))
    keep, kept = jax.jit(product), jax.jit(lambda operator, v: operator(v))
    again = jax.jit(lambda params, batch, v: product(params, batch)(v))

    def at(params: Tree) -> Operator:
        loss = sum(share * float(value(params, batch)) for share, batch in zip(shares, batches, strict=True))
        if not jnp.isfinite(loss):
            raise BadInput(f"the loss at these parameters is {loss} and has no curvature: train again with a smaller learning rate")
        if len(batches) == 1:
            return Partial(kept, keep(params, batches[0]))
        return lambda v: sum(share * again(params, batch, v) for share, batch in zip(shares, batches, strict=True))

    return at
