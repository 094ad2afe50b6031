"""The two pairs of models: a target, a strong draft and a weak one, trained here.

    python -m launch sweep ssd/pair

Cost: cpu 2e14 FLOPs, about an hour and a half on two cores (the target half of it); smoke seconds.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.ssd.base import cost, get_config, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return ({"pair.role": role} for role in ("target", "draft", "weak"))
