"""ResNet-18 (He et al., 2016). Batch statistics are arguments and results, by the name of their layer."""

import jax
import jax.numpy as jnp
from flax import nnx

from shared.nn.norms import BatchNorm, Moments

Statistics = dict[str, Moments]


class Convolution(nnx.Module):
    """x [N, H, W, C] -> [N, H / stride, W / stride, F], zero padding, no bias; kernels start as He et al. (2015) by fan-out."""

    def __init__(self, inputs: int, outputs: int, size: int, rngs: nnx.Rngs, *, stride: int = 1, dtype: str = "float32"):
        std = (2 / (size * size * outputs)) ** 0.5
        self.kernel = nnx.Param(std * jax.random.normal(rngs.params(), (size, size, inputs, outputs)), axes=(None, None, None, "mlp"))
        self.stride, self.dtype = stride, dtype

    def __call__(self, x: jax.Array) -> jax.Array:
        pad = self.kernel.shape[0] // 2
        return jax.lax.conv_general_dilated(
            x.astype(self.dtype), self.kernel[...].astype(self.dtype), (self.stride, self.stride), [(pad, pad)] * 2,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )  # fmt: skip


class Normed(nnx.Module):
    """A convolution and its BatchNorm."""

    def __init__(self, *sizes: int, rngs: nnx.Rngs, stride: int = 1, dtype: str = "float32"):
        self.convolution = Convolution(*sizes, rngs, stride=stride, dtype=dtype)
        self.norm = BatchNorm(sizes[1])

    def __call__(self, x: jax.Array, running: Moments | None) -> tuple[jax.Array, Moments]:
        x = self.convolution(x)
        y, moments = self.norm(x.reshape(-1, x.shape[-1]), running)
        return y.reshape(x.shape), moments


class ResNet18(nnx.Module):
    """Images [N, H, W, 3] -> features [N, 512], the global average of the last maps."""

    def __init__(self, rngs: nnx.Rngs, dtype: str = "float32"):
        layers = {"stem": Normed(3, 64, 7, rngs=rngs, stride=2, dtype=dtype)}
        width = 64
        for stage, wide in enumerate((64, 128, 256, 512)):
            for block in range(2):
                stride = 2 if stage and not block else 1
                layers[f"{stage}_{block}_first"] = Normed(width, wide, 3, rngs=rngs, stride=stride, dtype=dtype)
                layers[f"{stage}_{block}_second"] = Normed(wide, wide, 3, rngs=rngs, dtype=dtype)
                if stride > 1:
                    layers[f"{stage}_{block}_shortcut"] = Normed(width, wide, 1, rngs=rngs, stride=stride, dtype=dtype)
                width = wide
        self.layers = nnx.Dict(layers)

    def __call__(self, images: jax.Array, running: Statistics | None = None) -> tuple[jax.Array, Statistics]:
        """With the running statistics (evaluation), or with those of these images (training), which are returned."""
        found: Statistics = {}

        def apply(name: str, x: jax.Array) -> jax.Array:
            y, found[name] = self.layers[name](x, running and running[name])
            return y

        x = jax.nn.relu(apply("stem", images))
        x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 3, 3, 1), (1, 2, 2, 1), [(0, 0), (1, 1), (1, 1), (0, 0)])
        for stage in range(4):
            for block in range(2):
                name = f"{stage}_{block}"
                short = apply(f"{name}_shortcut", x) if f"{name}_shortcut" in self.layers else x
                y = jax.nn.relu(apply(f"{name}_first", x))
                x = jax.nn.relu(apply(f"{name}_second", y) + short)
        return jnp.mean(x.astype(jnp.float32), (1, 2)), found

