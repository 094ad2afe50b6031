"""A Flax NNX module as pure functions over a plain dict of arrays."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
from flax import nnx

Axes = tuple[str | None, ...]


@dataclass(frozen=True)
class Pure:
    """A module without its arrays: make them with `init`, use them with `apply`, place them by `axes`."""

    init: Callable[[jax.Array], dict]  # key -> params; works under jit, vmap and eval_shape
    graph: Any  # the static half of the module
    axes: dict  # the structure of params; leaves are tuples of logical axis names, one per dimension

    def apply(self, params: dict, *args, method: str = "__call__", **kwargs):
        """`model(*args, **kwargs)`, or another method of the model, with these parameters."""
        return getattr(nnx.merge(self.graph, nnx.State(params)), method)(*args, **kwargs)


def pure(build: Callable[[nnx.Rngs], nnx.Module]) -> Pure:
    """Split `build(rngs)` once. Nothing is computed: the module is only traced for its shapes."""
    graph, abstract = nnx.split(nnx.eval_shape(lambda: build(nnx.Rngs(0))), nnx.Param)

    def init(key: jax.Array) -> dict:
        return nnx.to_pure_dict(nnx.split(build(nnx.Rngs(key)), nnx.Param)[1])

    axes = jax.tree.map(lambda leaf: leaf.get_metadata()["axes"], abstract, is_leaf=lambda x: isinstance(x, nnx.Variable))
    return Pure(init, graph, nnx.to_pure_dict(axes))
