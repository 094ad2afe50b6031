"""Random maps P from the few numbers that are trained, v in R^d, to all D parameters, never as a matrix where that can be avoided.

Their entries are signs, so that a seed gives the same map on every machine and no factorisation has to be repeated to decode a model.
Columns have length 1: on average P keeps lengths, and a step of v moves the parameters by as much whatever d is.

    kronecker  P v = A V B' with V = v as a matrix: D d^(1/2) operations and 2 (D d)^(1/2) signs (Lotfi et al., 2022, without a part of
               its own for what a square leaves over: the square is rounded up and cut)
    sparse     every parameter is the sum of four numbers of v, with signs: 4 D operations and 8 D numbers
    dense      D d of both
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

Factors = dict[str, jax.Array]
TERMS = 4  # of the sparse map


class Projector(NamedTuple):
    """A random map, by its parts. `draw(key)` works under jit and vmap."""

    draw: Callable[[jax.Array], Factors]
    apply: Callable[[Factors, jax.Array], jax.Array]  # factors, v [d] -> [D]


def kronecker(size: int, dimension: int) -> Projector:
    a, b = math.isqrt(size - 1) + 1, math.isqrt(dimension)  # [D] is cut from [a, a]; [d] is [b, b]

    def apply(factors: Factors, v: jax.Array) -> jax.Array:
        square = factors["left"] @ v.reshape(b, b) @ factors["right"].T / a  # [a, a]
        return square.reshape(-1)[:size]

    def draw(key: jax.Array) -> Factors:
        left, right = jax.random.rademacher(key, (2, a, b), jnp.float32)
        return {"left": left, "right": right}

    return Projector(draw, apply)


def sparse(size: int, dimension: int) -> Projector:
    shape = (TERMS, size)

    def draw(key: jax.Array) -> Factors:
        places, signs = jax.random.split(key)
        return {"places": jax.random.randint(places, shape, 0, dimension), "signs": jax.random.rademacher(signs, shape, jnp.float32)}

    def apply(factors: Factors, v: jax.Array) -> jax.Array:
        return (factors["signs"] * v[factors["places"]]).sum(0) * math.sqrt(dimension / (TERMS * size))

    return Projector(draw, apply)


def dense(size: int, dimension: int) -> Projector:
    def draw(key: jax.Array) -> Factors:
        return {"signs": jax.random.rademacher(key, (size, dimension), jnp.float32)}

    return Projector(draw, lambda factors, v: factors["signs"] @ v / math.sqrt(size))


PROJECTORS: dict[str, Callable[[int, int], Projector]] = {"kronecker": kronecker, "sparse": sparse, "dense": dense}


def matrix(projector: Projector, factors: Factors, dimension: int) -> Any:
    """P itself [D, d], column by column: for looking at, not for training."""
    return jax.vmap(lambda v: projector.apply(factors, v), out_axes=1)(jnp.eye(dimension))
