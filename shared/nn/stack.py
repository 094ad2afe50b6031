"""Equal layers as one module whose parameters have a leading axis "layers": few leaves, flat compile time."""

from collections.abc import Callable

import jax
from flax import nnx

from shared.sharding import split_rows

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


def unstack(params: dict) -> dict:
    """The parameters of a stack as those of a list of its layers, {0: ..., 1: ...}: a copy of every leaf."""
    layers = jax.tree.leaves(params)[0].shape[0]
    return {index: jax.tree.map(lambda leaf, index=index: leaf[index], params) for index in range(layers)}


def scan(step: Callable, stacked: nnx.Module, carry, xs=None):
    """`carry, y = step(layer, carry, x)` through the layers of a stack; returns the last carry and the stacked ys.

    The layers may be an nnx.List instead, each with arrays of its own; then xs and ys are tuples of such lists.
    Decoding of single tokens needs it: XLA copies the slice of a stacked kernel before it multiplies (12x on CPU).
    """
    if isinstance(stacked, nnx.List):
        ys = []
        for index, layer in enumerate(stacked):
            carry, y = step(layer, carry, None if xs is None else tuple(x[index] for x in xs))
            ys.append(y)
        return carry, None if ys[0] is None else tuple(zip(*ys, strict=True))
    graph, params = nnx.split(stacked)

    def body(carry, sliced):
        params, x = sliced
        return step(nnx.merge(graph, params), jax.tree.map(split_rows, carry), x)

    layers = jax.tree.leaves(params)[0].shape[0]
    return jax.lax.scan(body, carry, (params, xs), unroll=layers if layers <= UNROLLED else 1)
