"""What follows from the choices of a `generalization` run, and which of them cannot be; one function per kind of runs. Each sets fields in
place and raises ValueError with one line that names the field and the remedy."""

import math

from ml_collections import ConfigDict

from configs.generalization import sizes
from configs.generalization.kinds import DATA


def of_pictures(config: ConfigDict) -> None:
    name, train, test = config.data.name, config.data.train, config.data.test
    if name not in DATA:
        raise ValueError(f"data.name={name!r}: choose one of {', '.join(DATA)}")
    most, most_test, _, classes = DATA[name]
    if train < classes:
        raise ValueError(f"data.train={train} examples for the {classes} classes of {name}: take at least {classes}")
    for field, asked, there in (("train", train, most), ("test", test, most_test)):
        if not 1 <= asked <= there:
            raise ValueError(f"data.{field}={asked}: {name} has {there}, take 1 to {there}")


def of_networks(config: ConfigDict) -> None:
    c, m = config.classifier, config.measure
    if c.name == "lenet":
        c.width = c.depth = c.stages = 0  # it is as it is
    elif min(c.width, c.depth) < 1:
        raise ValueError(f"classifier.width={c.width}, classifier.depth={c.depth}: both at least 1")
    if c.name == "mlp":
        c.stages = 0
    if c.name == "resnet" and c.stages not in (3, 4):
        raise ValueError(f"classifier.stages={c.stages}: take 3, as ResNet-20, or 4, as ResNet-18")
    sizes.classifier(config)
    if not m.steps:
        m.probes = 0
    elif m.probes < 2:
        raise ValueError(f"measure.probes={m.probes}: one start of Lanczos' method says nothing of its error, take at least 2")
    if config.modes.first == config.modes.second:
        raise ValueError(f"modes.first=modes.second={config.modes.first}: a network with itself, take two seeds")


def of_code(config: ConfigDict) -> None:
    if config.data.name not in DATA:
        raise ValueError(f"data.name={config.data.name!r}: choose one of {', '.join(DATA)}")
    config.data.train, config.data.test, *_ = DATA[config.data.name]
    of_subspace(config, sizes.coded(config).parameters)


def of_subspace(config: ConfigDict, size: int) -> None:
    """A model of so many parameters in a random subspace, coded."""
    dimension, side = config.subspace.dimension, math.isqrt(config.subspace.dimension)
    if config.subspace.projector == "kronecker" and side**2 != dimension:
        raise ValueError(f"subspace.dimension={dimension}: kronecker takes a square, as {side**2} or {(side + 1) ** 2}")
    if dimension > size:
        raise ValueError(f"subspace.dimension={dimension}: the network has {size} parameters; take at most so many")
    if config.quantise.levels > 256:
        raise ValueError(f"quantise.levels={config.quantise.levels}: take at most 256")
    if not 0 < config.bound.delta < 1:
        raise ValueError(f"bound.delta={config.bound.delta}: the chance that a bound fails lies above 0 and below 1; take 0.05")
