"""Dense layers, whose kernels may have several input or output axes, and the token embedding."""

from collections.abc import Callable
from math import prod

import jax
import jax.numpy as jnp
from flax import nnx

from shared.nn import panels
from shared.nn.pure import Axes

Start = Callable[[int], float]  # fan-in -> standard deviation of a kernel at the start


def fixed(std: float) -> Start:
    return lambda fan_in: std


def torch_default(fan_in: int) -> float:
    """The spread of PyTorch's uniform default."""
    return (3 * fan_in) ** -0.5


class Linear(nnx.Module):
    """Contract the last `inputs` axes of x with the first `inputs` axes of the kernel, plus a bias if asked.

    Kernels start as a normal truncated at 3 sigma times start(fan-in), by default one over the square root of the fan-in; biases at zero.
    """

    def __init__(self, shape: tuple[int, ...], axes: Axes, rngs: nnx.Rngs, *, inputs: int = 1, bias: bool = False,
                 start: Start | None = None, dtype: str = "float32"):
        normal = jax.random.truncated_normal(rngs.params(), -3, 3, shape)
        fan_in = prod(shape[:inputs])
        self.kernel = nnx.Param(normal / fan_in**0.5 if start is None else normal * start(fan_in), axes=axes)
        self.bias = nnx.Param(jnp.zeros(shape[inputs:]), axes=axes[inputs:]) if bias else None
        self.shape, self.inputs, self.dtype, self.cut = shape, inputs, dtype, False

    def __call__(self, x: jax.Array) -> jax.Array:
        kernel = self.kernel[...].astype(self.dtype)
        lead, fan_in, outputs = x.shape[: x.ndim - self.inputs], prod(self.shape[: self.inputs]), self.shape[self.inputs :]
        x = x.reshape(-1, fan_in)
        # One 2-D product: the weight gradient of any other copies a transposed cotangent first (3.5x slower on CPU).
        y = panels.product(x, kernel, prod(outputs)) if self.cut else x @ kernel.reshape(fan_in, -1)
        y = y.reshape(*lead, *outputs)
        return y if self.bias is None else y + self.bias[...].astype(self.dtype)


def panelled(model: nnx.Module) -> nnx.Module:
    """Cuts the kernels of every Linear in `model` into panels, in place: for decoding on a CPU. They no longer have logical axes."""
    for _, module in nnx.iter_graph(model):
        if isinstance(module, Linear):
            module.kernel, module.cut = nnx.Param(panels.cut(module.kernel[...], module.inputs), axes=(None,) * 3), True
    return model


class Embedding(nnx.Module):
    """A table of vectors [rows, width], normal with standard deviation 0.02 as in GPT-2 and Llama."""

    def __init__(self, rows: int, width: int, axes: Axes, rngs: nnx.Rngs, *, dtype: str = "float32"):
        self.table = nnx.Param(0.02 * jax.random.normal(rngs.params(), (rows, width)), axes=axes)
        self.dtype = dtype

    def __call__(self, index: jax.Array) -> jax.Array:
        return self.table[...][index].astype(self.dtype)  # [..., width]

    def attend(self, x: jax.Array) -> jax.Array:
        """The same table as an output layer: x [..., width] -> [..., rows]."""
        lead, table = x.shape[:-1], self.table[...].astype(self.dtype)
        rows = x.reshape(-1, x.shape[-1])
        # A single row times a transposed table is 4 to 6 times slower on CPU than the table times that row.
        y = table @ rows[0] if len(rows) == 1 else rows @ table.T
        return y.reshape(*lead, -1)
