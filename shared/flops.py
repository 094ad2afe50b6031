"""How much arithmetic a traced program is: the products of matrices, convolutions and factorisations in it, each as often as it runs.

XLA's own count takes the body of a loop once, and is of one device after partitioning; this one is of the whole program.
"""

import hashlib
import math
from collections.abc import Callable, Iterator
from typing import Any

from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn

EIGEN = 25  # an eigendecomposition of n x n is about 25 n^3


def dot(eqn: JaxprEqn) -> float:
    (contracted, _), _ = eqn.params["dimension_numbers"]
    left, (out,) = eqn.invars[0].aval.shape, eqn.outvars
    return 2.0 * out.aval.size * math.prod(left[axis] for axis in contracted)


def convolution(eqn: JaxprEqn) -> float:
    kernel, features = eqn.invars[1].aval, eqn.params["dimension_numbers"].rhs_spec[0]
    return 2.0 * eqn.outvars[0].aval.size * kernel.size / kernel.shape[features]


def cubic(factor: float) -> Callable[[JaxprEqn], float]:
    return lambda eqn: factor * eqn.invars[0].aval.size * eqn.invars[0].aval.shape[-1]


def triangular(eqn: JaxprEqn) -> float:
    return float(eqn.invars[1].aval.size * eqn.invars[0].aval.shape[-1])


RULES = {
    "dot_general": dot, "conv_general_dilated": convolution, "cholesky": cubic(1 / 3), "eigh": cubic(EIGEN), "triangular_solve": triangular,
}  # fmt: skip


def flops(jaxpr: Jaxpr) -> float:
    """Of one call. Of a choice the dearest branch counts, of a loop whose end is not known a single round."""
    total = 0.0
    for eqn in jaxpr.eqns:
        if eqn.primitive.name in RULES:
            total += RULES[eqn.primitive.name](eqn)
        elif eqn.primitive.name == "cond":
            total += max(flops(branch) for branch in inner(eqn))
        else:
            total += eqn.params.get("length", 1) * sum(flops(body) for body in inner(eqn))
    return total


def inner(eqn: JaxprEqn) -> Iterator[Jaxpr]:
    """The programs that an operation is made of: bodies, branches, functions."""
    for value in eqn.params.values():
        for one in value if isinstance(value, (tuple, list)) else (value,):
            if isinstance(one, (ClosedJaxpr, Jaxpr)):
                yield one.jaxpr if isinstance(one, ClosedJaxpr) else one


def signature(jaxpr: Jaxpr, besides: list[str]) -> str:
    """Equal for programs that do the same to arrays of the same shapes, whatever the numbers in them; `besides` counts, too."""
    return hashlib.sha256("\n".join([*operations(jaxpr), *besides]).encode()).hexdigest()


def operations(jaxpr: Jaxpr) -> Iterator[str]:
    for eqn in jaxpr.eqns:
        yield f"{eqn.primitive.name} {[str(var.aval) for var in (*eqn.invars, *eqn.outvars)]} {shape_of(eqn.params)}"
        for body in inner(eqn):
            yield from operations(body)


def shape_of(params: dict[str, Any]) -> Any:
    """Of what fixes an operation, the part that tells two of the same shapes apart."""
    return params.get("dimension_numbers"), params.get("permutation"), params.get("length")
