"""Table 8: success with a ViT and with a ResNet-18 as the encoder.

    python -m launch figure lewm/table8 --run-missing

Cost: cpu a minute for the ViT and a quarter of an hour of two cores for the ResNet (11 million parameters against 0.5), whence one seed
of either, and half a minute to evaluate one.
Expect no difference.
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
    seeds = studies.seeds(config.scale)
    return product([{}, {"encoder.kind": "resnet"}], seeds[:1] if config.scale == "cpu" else seeds)
