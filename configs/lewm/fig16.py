"""Fig. 16: success by the weight of SIGReg, the one number that LeWM asks to be tuned.

    python -m launch figure lewm/fig16 --run-missing

Cost: cpu 18 models of a minute, and half a minute to evaluate one.
Expect a wide plateau from 0.01 to 0.2, and a drop on both sides: collapse at 0.
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
    weights = (0.0, 0.01, 0.03, 0.09, 0.2, 0.5) if config.scale != "smoke" else (0.0, 0.09)
    return product([{"loss.sigreg": weight} for weight in weights], studies.seeds(config.scale))
