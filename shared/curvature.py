"""Products of the curvature of a loss with a vector: all D^2 numbers of it, and never more than a gradient's worth of them in memory.

The loss is the mean over all rows of fixed batches, of a model in evaluation mode: the same function at every call, since otherwise what
Lanczos finds are the eigenvalues of nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from shared.errors import BadInput

Tree = Any
Product = Callable[[Tree, jax.Array], jax.Array]  # params, v [D] -> [D], D as in ravel_pytree(params)
OfBatch = Callable[[Tree, jax.Array, Tree], tuple[jax.Array, jax.Array]]  # params, v, batch -> loss, product


@dataclass(frozen=True)
class Objective:
    """A loss in the two parts that Gauss and Newton tell apart. Pure functions, without a random number."""

    outputs: Callable[[Tree, Tree], jax.Array]  # params, batch -> z [B, ...]
    loss: Callable[[jax.Array, Tree], jax.Array]  # z, batch -> mean over the batch's rows


def hessian(objective: Objective, batches: Sequence[Tree]) -> Product:
    """H v, as the derivative of the gradient along v (Pearlmutter, 1994). The batches may differ in their number of rows, the first axis of
    their arrays. The product raises BadInput where the loss is not finite."""

    def of_batch(params: Tree, v: jax.Array, batch: Tree) -> tuple[jax.Array, jax.Array]:
        flat, shaped = ravel_pytree(params)
        gradient = jax.value_and_grad(lambda flat: objective.loss(objective.outputs(shaped(flat), batch), batch))
        (loss, _), (_, product) = jax.jvp(gradient, (flat,), (v,))
        return loss, product

    return over(of_batch, batches)


def gauss_newton(objective: Objective, batches: Sequence[Tree]) -> Product:
    """G v = J' (d^2 loss / dz^2) J v, J = dz / dparams: what of the Hessian is left where the outputs are linear, and no eigenvalue is
    negative where the loss is convex in them. Otherwise as `hessian`."""

    def of_batch(params: Tree, v: jax.Array, batch: Tree) -> tuple[jax.Array, jax.Array]:
        flat, shaped = ravel_pytree(params)

        def outputs(flat: jax.Array) -> jax.Array:
            return objective.outputs(shaped(flat), batch)

        z, moved = jax.jvp(outputs, (flat,), (v,))
        (loss, _), (_, bent) = jax.jvp(jax.value_and_grad(lambda z: objective.loss(z, batch)), (z,), (moved,))
        return loss, jax.vjp(outputs, flat)[1](bent)[0]

    return over(of_batch, batches)


def over(of_batch: OfBatch, batches: Sequence[Tree]) -> Product:
    """The mean over all rows. One program serves all batches of one size, and all params."""
    counts = [len(jax.tree.leaves(batch)[0]) for batch in batches]
    shares = [count / sum(counts) for count in counts]
    compiled = jax.jit(of_batch)

    def product(params: Tree, v: jax.Array) -> jax.Array:
        total, loss = jnp.zeros_like(v), 0.0
        for share, batch in zip(shares, batches, strict=True):
            value, part = compiled(params, v, batch)
            total, loss = total + share * part, loss + share * value
        if not bool(jnp.isfinite(loss)):
            raise BadInput(f"the loss at these parameters is {float(loss)} and has no curvature: train again with a smaller learning rate")
        return total

    return product
