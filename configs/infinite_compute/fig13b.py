"""Weight decay at the tuned rate and epochs: a U, with its minimum far above standard practice.

    python -m launch figure infinite_compute/fig13b --scale=cpu --run-missing

Runs and FLOPs: cpu 12, 8e12; gpu 5, 1e16; paper 16, 2e20.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute import recipes
from configs.infinite_compute.base import cost, get_config, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    for model, decays in recipes.scope(config).decays.items():
        lr, epochs, _ = recipes.tuned(config, model)
        for decay in decays:
            yield recipes.run(config, model, (lr, epochs, decay))
