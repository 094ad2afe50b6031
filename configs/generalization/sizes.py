"""Parameters of the networks, and FLOPs of a forward pass."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from ml_collections import ConfigDict

from configs.generalization.kinds import DATA


class Size(NamedTuple):
    """Of a network."""

    parameters: int
    flops: float  # per input, norms and activations left out


def mlp(shape: Sequence[int], classes: int, hidden: Sequence[int]) -> Size:
    """Hidden layers of so many units."""
    parameters = sum((inputs + 1) * outputs for inputs, outputs in pairwise((math.prod(shape), *hidden, classes)))
    return Size(parameters, 2.0 * parameters)


def lenet(shape: Sequence[int], classes: int) -> Size:
    """20 and 50 filters, 500 hidden units. Raises ValueError for inputs that are too small for them."""
    if len(shape) != 3 or min(shape[:2]) < 16:
        raise ValueError(f"the network lenet takes pictures of 16 x 16 at least, and these inputs are {tuple(shape)}: choose mlp")
    height, width, channels = shape
    last = [((side - 4) // 2 - 4) // 2 for side in (height, width)]
    parameters = 20 * (25 * channels + 1) + 50 * (25 * 20 + 1) + 500 * (50 * math.prod(last) + 1) + classes * (500 + 1)
    filters = 1_000 * (height - 4) * (width - 4) * channels + 50_000 * ((height - 4) // 2 - 4) * ((width - 4) // 2 - 4)
    return Size(parameters, 2.0 * parameters + filters)


def resnet(shape: Sequence[int], classes: int, width: int, depth: int, stages: int) -> Size:
    """`depth` blocks of two convolutions in each stage, every stage twice as wide and half as high as the one before. Raises ValueError for
    inputs that are no pictures."""
    if len(shape) != 3:
        raise ValueError(f"a resnet of {stages} stages takes pictures, and these inputs are {tuple(shape)}: choose mlp")
    height, wide, inputs = shape
    parameters, flops = 9 * inputs * width, 18.0 * inputs * width * height * wide  # the stem
    inputs = width
    for stage in range(stages):
        outputs = width * 2**stage
        for block in range(depth):
            stride = 2 if stage and not block else 1
            height, wide = -(-height // stride), -(-wide // stride)
            kernels = 9 * inputs * outputs + 9 * outputs**2 + (inputs * outputs if stride > 1 else 0)
            parameters += kernels + 2 * (inputs + outputs)
            flops += 2.0 * kernels * height * wide
            inputs = outputs
    return Size(parameters + 2 * inputs + classes * (inputs + 1), flops + 2.0 * classes * inputs)


def classifier(config: ConfigDict) -> Size:
    """Of the section `classifier`, for inputs of the section `data`. Raises ValueError where it cannot take them."""
    c, (_, _, shape, classes) = config.classifier, DATA[config.data.name]
    match c.name:
        case "mlp":
            return mlp(shape, classes, (c.width,) * c.depth)
        case "lenet":
            return lenet(shape, classes)
    return resnet(shape, classes, c.width, c.depth, c.stages)


def coded(config: ConfigDict) -> Size:
    """Of the section `network`: those of a certificate have one size each. Raises ValueError where it cannot take the inputs."""
    _, _, shape, classes = DATA[config.data.name]
    return mlp(shape, classes, (256,)) if config.network.name == "mlp" else lenet(shape, classes)


def spirals(config: ConfigDict) -> Size:
    """Of the section `spirals`."""
    return mlp((2,), 2, config.spirals.hidden)
