"""Classifiers without statistics of the data inside them (no BatchNorm): their parameters are all that there is to code."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import jax
import jax.numpy as jnp
from flax import nnx
from ml_collections import ConfigDict

from shared.nn.linear import Linear
from shared.nn.norms import GroupNorm
from shared.nn.pure import Pure, pure
from shared.nn.resnet import Convolution


def he(fan_in: int) -> float:
    """The spread that keeps a ReLU network's activations as they are (He et al., 2015)."""
    return (2 / fan_in) ** 0.5


class Classifier(nnx.Module):
    """What a last layer, `head`, makes of the features that a network has."""

    head: Linear
    features: Callable[[jax.Array], jax.Array]  # [B, ...] -> [B, F]

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.head(self.features(x))  # [B, C]


class MLP(Classifier):
    """Hidden layers of so many ReLUs. Of one of 256, as they are certified, 203,530 parameters for Fashion-MNIST."""

    def __init__(self, shape: Sequence[int], classes: int, rngs: nnx.Rngs, hidden: Sequence[int] = (256,)):
        def layer(inputs: int, outputs: int) -> Linear:
            return Linear((inputs, outputs), ("embed", "mlp"), rngs, bias=True, start=he)

        self.hidden = layer(math.prod(shape), hidden[0])
        self.deeper = nnx.Dict({str(place): layer(*sizes) for place, sizes in enumerate(pairwise(hidden), 1)})
        self.head = Linear((hidden[-1], classes), ("mlp", None), rngs, bias=True, start=he)

    def features(self, x: jax.Array) -> jax.Array:
        x = jax.nn.relu(self.hidden(x.reshape(len(x), -1)))  # [B, width]
        for layer in self.deeper.values():
            x = jax.nn.relu(layer(x))
        return x


class Filters(nnx.Module):
    """5 x 5 filters without padding, a ReLU, and the largest of each 2 x 2: [B, H, W, C] -> [B, (H - 4) / 2, (W - 4) / 2, F]."""

    def __init__(self, inputs: int, outputs: int, rngs: nnx.Rngs):
        self.kernel = nnx.Param(he(25 * inputs) * jax.random.normal(rngs.params(), (5, 5, inputs, outputs)), axes=(None, None, None, "mlp"))
        self.bias = nnx.Param(jnp.zeros(outputs), axes=("mlp",))

    def __call__(self, x: jax.Array) -> jax.Array:
        x = jax.lax.conv_general_dilated(x, self.kernel[...], (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        return halved(jax.nn.relu(x + self.bias[...]))


def halved(x: jax.Array) -> jax.Array:
    """The largest of each 2 x 2: [B, H, W, C] -> [B, H / 2, W / 2, C], rounded down. By slices: on a CPU the gradient of a reduced
    window takes longer than all else that a LeNet does."""
    height, width = (size // 2 * 2 for size in x.shape[1:3])
    rows = jnp.maximum(x[:, 0:height:2, :width], x[:, 1:height:2, :width])
    return jnp.maximum(rows[:, :, 0::2], rows[:, :, 1::2])


class LeNet(Classifier):
    """LeNet-5 as in the authors' code: 20 and 50 filters, 500 hidden units; for 28 x 28 grey pixels 431,080 parameters."""

    def __init__(self, shape: Sequence[int], classes: int, rngs: nnx.Rngs):
        height, width, channels = shape
        self.first, self.second = Filters(channels, 20, rngs), Filters(20, 50, rngs)
        for _ in range(2):
            height, width = (height - 4) // 2, (width - 4) // 2
        self.hidden = Linear((height * width * 50, 500), ("embed", "mlp"), rngs, bias=True, start=he)
        self.head = Linear((500, classes), ("mlp", None), rngs, bias=True, start=he)

    def features(self, x: jax.Array) -> jax.Array:
        x = self.second(self.first(x))  # [B, 4, 4, 50]
        return jax.nn.relu(self.hidden(x.reshape(len(x), -1)))


class Block(nnx.Module):
    """x + two convolutions of what GroupNorm and a ReLU leave of it (He et al., 2016b); where the shape changes, x is convolved too."""

    def __init__(self, inputs: int, outputs: int, stride: int, rngs: nnx.Rngs):
        self.first_norm, self.second_norm = GroupNorm(inputs), GroupNorm(outputs)
        self.first = Convolution(inputs, outputs, 3, rngs, stride=stride)
        self.second = Convolution(outputs, outputs, 3, rngs)
        self.shortcut = Convolution(inputs, outputs, 1, rngs, stride=stride) if stride > 1 else None

    def __call__(self, x: jax.Array) -> jax.Array:
        y = jax.nn.relu(self.first_norm(x))
        x = x if self.shortcut is None else self.shortcut(y)
        return x + self.second(jax.nn.relu(self.second_norm(self.first(y))))


class ResNet(Classifier):
    """Stages of `depth` blocks, each stage twice as wide as the one before and half as high: three stages of three blocks from 16 on are
    ResNet-20, four of two from 64 on ResNet-18 for small pictures (Nakkiran et al., 2019)."""

    def __init__(self, shape: Sequence[int], classes: int, rngs: nnx.Rngs, width: int, depth: int, stages: int):
        self.stem, blocks, inputs = Convolution(shape[-1], width, 3, rngs), {}, width
        for stage in range(stages):
            for index in range(depth):
                outputs = width * 2**stage
                blocks[f"{stage}_{index}"] = Block(inputs, outputs, 2 if stage and not index else 1, rngs)
                inputs = outputs
        self.blocks, self.norm = nnx.Dict(blocks), GroupNorm(inputs)
        self.head = Linear((inputs, classes), ("mlp", None), rngs, bias=True)

    def features(self, x: jax.Array) -> jax.Array:
        x = self.stem(x)
        for block in self.blocks.values():
            x = block(x)
        return jnp.mean(jax.nn.relu(self.norm(x)), (1, 2))


NETWORKS = {"mlp": MLP, "lenet": LeNet}  # of a certificate


def network(name: str, shape: Sequence[int], classes: int) -> Pure:
    """apply: inputs [B, *shape], centred -> logits [B, C]."""
    return pure(lambda rngs: NETWORKS[name](shape, classes, rngs))


def classifier(chosen: ConfigDict, shape: Sequence[int], classes: int) -> Pure:
    """The section `classifier` of a resolved config. apply: inputs [B, *shape], centred -> logits [B, C]."""
    match chosen.name:
        case "mlp":
            return pure(lambda rngs: MLP(shape, classes, rngs, (chosen.width,) * chosen.depth))
        case "lenet":
            return pure(lambda rngs: LeNet(shape, classes, rngs))
    return pure(lambda rngs: ResNet(shape, classes, rngs, chosen.width, chosen.depth, chosen.stages))
