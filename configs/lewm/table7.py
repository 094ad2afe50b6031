"""Table 7: success with and without a decoder that is trained along, whose reconstruction loss shapes the latents.

    python -m launch figure lewm/table7 --run-missing

The paper does not give the weight of that loss: 1.

Cost: cpu 6 models of a minute or two, and half a minute to evaluate one.
Expect no gain from reconstruction.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.lewm import studies
from configs.lewm.base import cost, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def get_config(scale: str) -> ConfigDict:
    return studies.small("plan", scale)


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return product([{}, {"loss.reconstruction": 1.0}], studies.seeds(config.scale))
