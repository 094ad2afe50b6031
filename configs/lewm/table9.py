"""Table 9: success by the predictor's dropout.

    python -m launch figure lewm/table9 --run-missing

Cost: cpu 12 models of a minute, and half a minute to evaluate one.
Expect 0.1 to be best in Push-T, 0.5 to be worst.
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
    return product([{"predictor.dropout": rate} for rate in (0.0, 0.1, 0.2, 0.5)], studies.seeds(config.scale))
