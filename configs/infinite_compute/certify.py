"""The neighbourhood of one setting: the setting and its neighbours one ladder step away along each axis.

    python -m projects.infinite_compute.certify --scale=cpu --model=M --launch

The centre is the config itself (optim.lr, train.epochs, optim.weight_decay), so it is moved by overrides; `--sweep=standard`
holds the decay.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute import recipes
from configs.infinite_compute.base import cost, get_config, needs, resolve
from configs.infinite_compute.tuned import LADDERS
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep", "sweep_standard"]


def sweep(config: ConfigDict, axes: tuple[str, ...] = recipes.AXES) -> Iterator[Overrides]:
    centre = (config.optim.lr, config.train.epochs, config.optim.weight_decay)
    for axis, value in zip(recipes.AXES, centre, strict=True):
        if axis in axes and value not in LADDERS[axis]:
            raise ValueError(f"{axis}={value:g} is not on its ladder: choose one of {', '.join(f'{one:g}' for one in LADDERS[axis])}")
    for point in (centre, *recipes.neighbours(centre, axes)):
        yield dict(zip(recipes.AXES, point, strict=True))


def sweep_standard(config: ConfigDict) -> Iterator[Overrides]:
    yield from sweep(config, ("optim.lr", "train.epochs"))
