"""Classifiers without statistics of the data inside them (no BatchNorm): their parameters are all that there is to code."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx

from shared.nn.linear import Linear
from shared.nn.pure import Pure, pure


def he(fan_in: int) -> float:
    """The spread that keeps a ReLU network's activations as they are (He et al., 2015)."""
    return (2 / fan_in) ** 0.5


class MLP(nnx.Module):
    """One hidden layer of 256 ReLUs: for Fashion-MNIST 203,530 parameters."""

    def __init__(self, shape: Sequence[int], classes: int, rngs: nnx.Rngs):
        size = 1
        for length in shape:
            size *= length
        self.hidden = Linear((size, 256), ("embed", "mlp"), rngs, bias=True, start=he)
        self.head = Linear((256, classes), ("mlp", None), rngs, bias=True, start=he)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = jax.nn.relu(self.hidden(x.reshape(len(x), -1)))  # [B, 256]
        return self.head(x)  # [B, C]


class Filters(nnx.Module):
    """5 x 5 filters without padding, a ReLU, and the largest of each 2 x 2: [B, H, W, C] -> [B, (H - 4) / 2, (W - 4) / 2, F]."""

    def __init__(self, inputs: int, outputs: int, rngs: nnx.Rngs):
        self.kernel = nnx.Param(he(25 * inputs) * jax.random.normal(rngs.params(), (5, 5, inputs, outputs)), axes=(None, None, None, "mlp"))
        self.bias = nnx.Param(jnp.zeros(outputs), axes=("mlp",))

    def __call__(self, x: jax.Array) -> jax.Array:
        x = jax.lax.conv_general_dilated(x, self.kernel[...], (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        x = jax.nn.relu(x + self.bias[...])
        return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


class LeNet(nnx.Module):
    """LeNet-5 as in the authors' code: 20 and 50 filters, 500 hidden units; for 28 x 28 grey pixels 431,080 parameters."""

    def __init__(self, shape: Sequence[int], classes: int, rngs: nnx.Rngs):
        height, width, channels = shape
        self.first, self.second = Filters(channels, 20, rngs), Filters(20, 50, rngs)
        for _ in range(2):
            height, width = (height - 4) // 2, (width - 4) // 2
        self.hidden = Linear((height * width * 50, 500), ("embed", "mlp"), rngs, bias=True, start=he)
        self.head = Linear((500, classes), ("mlp", None), rngs, bias=True, start=he)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.second(self.first(x))  # [B, 4, 4, 50]
        x = jax.nn.relu(self.hidden(x.reshape(len(x), -1)))
        return self.head(x)


NETWORKS = {"mlp": MLP, "lenet": LeNet}


def network(name: str, shape: Sequence[int], classes: int) -> Pure:
    """apply: inputs [B, *shape], centred -> logits [B, C]."""
    return pure(lambda rngs: NETWORKS[name](shape, classes, rngs))
