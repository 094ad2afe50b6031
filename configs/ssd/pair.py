"""The two pairs of models: a target, a strong draft and a weak one, trained here.

    python -m launch sweep ssd/pair

Cost: cpu 2e14 FLOPs, about an hour on two cores (the target nearly half of it); smoke seconds.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.ssd import distil
from configs.ssd.base import cost, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def get_config(scale: str) -> ConfigDict:
    return distil.get_config(scale)


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return ({"pair.role": role} for role in ("draft", "weak"))
