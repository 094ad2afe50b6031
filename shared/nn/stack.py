"""Equal layers as one module whose parameters have a leading axis "layers": few leaves, flat compile time."""

from collections.abc import Callable

import jax
from flax import nnx

# Up to this depth layers are straight-line code: on CPU the loop's buffers of saved activations (zeroed, copied, updated
# in place) cost as much as the products of a small model. Deeper stacks keep a compile time flat in depth.
UNROLLED = 8


def stack(build: Callable[[nnx.Rngs], nnx.Module], layers: int, rngs: nnx.Rngs) -> nnx.Module:
    """`layers` differently initialised copies of `build(rngs)` in one module."""
    keys = jax.random.split(rngs.params(), layers)
    graph = nnx.split(nnx.eval_shape(lambda: build(nnx.Rngs(0))))[0]
    params = jax.vmap(lambda key: nnx.split(build(nnx.Rngs(key)))[1])(keys)
    named = jax.tree.map(lambda p: p.replace(axes=("layers", *p.get_metadata()["axes"])), params,
                         is_leaf=lambda x: isinstance(x, nnx.Variable))
    return nnx.merge(graph, named)


def scan(step: Callable, stacked: nnx.Module, carry, xs=None):
    """`carry, y = step(layer, carry, x)` through the layers of a stack; returns the last carry and the stacked ys."""
    graph, params = nnx.split(stacked)

    def body(carry, sliced):
        params, x = sliced
        return step(nnx.merge(graph, params), carry, x)

    layers = jax.tree.leaves(params)[0].shape[0]
    return jax.lax.scan(body, carry, (params, xs), unroll=layers if layers <= UNROLLED else 1)
