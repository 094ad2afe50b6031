"""Kernels cut into panels of columns: products of a few rows at the speed of memory on a CPU.

XLA's CPU product of 2 to 16 rows packs the whole kernel anew each time, which costs two to three times what reading it does. As a batch of
small products every panel stays in the core's cache while all rows use it: six rows then take 1.3 times as long as one (2.8 times as one
product), and no number of rows takes longer than before.
"""

from math import prod

import jax
import jax.numpy as jnp

WIDTH = 64  # columns of a panel: the fastest of 16, 32, 64, 96 and 128 over shapes of 256 to 2,048 and 1 to 256 rows


def cut(kernel: jax.Array, inputs: int) -> jax.Array:
    """A kernel whose first `inputs` axes are together [I] and the others [O], as [ceil(O / WIDTH), I, WIDTH]; zeros fill the last panel."""
    rows = prod(kernel.shape[:inputs])
    flat = kernel.reshape(rows, -1)
    flat = jnp.pad(flat, ((0, 0), (0, -flat.shape[1] % WIDTH)))
    return flat.reshape(rows, -1, WIDTH).swapaxes(0, 1)


def product(x: jax.Array, panels: jax.Array, columns: int) -> jax.Array:
    """x [R, I] @ the kernel [I, columns] that was cut -> [R, columns]."""
    each = jnp.broadcast_to(x, (len(panels), *x.shape)) @ panels  # [P, R, WIDTH]
    return each.swapaxes(0, 1).reshape(len(x), -1)[:, :columns]
