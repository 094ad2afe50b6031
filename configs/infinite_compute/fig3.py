"""With weight decay tuned, far above standard practice, the loss falls with parameters towards an asymptote.

    python -m launch figure infinite_compute/fig3 --scale=cpu --run-missing

Tuned runs and their neighbours on the ladders of epochs, rate and decay, and the tuned standard runs beside.
Runs and FLOPs: cpu 48, 8e13; gpu 12, 3e16; paper 32, 2e20.
Expect a loss monotone in N and a tuned decay at least 8 times the standard 0.1.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute import recipes
from configs.infinite_compute.base import cost, get_config, needs, resolve
from configs.sweeps import Overrides, chain

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    yield from chain(recipes.standard_tuned(config), recipes.regularised(config))
