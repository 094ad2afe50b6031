"""Twins: one training with SIGReg and one without, alike in everything else. The second collapses.

    python -m launch figure lewm/collapse --run-missing

Cost: cpu two models of a minute.
Expect the prediction error of the collapsed one near zero, its latents all alike (standard deviation near zero, SIGReg at 0.4 times the
batch), and nothing to be read from them.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.lewm import studies
from configs.lewm.base import cost, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def get_config(scale: str) -> ConfigDict:
    return studies.small("probe", scale)


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return iter([{"loss.sigreg": 0.09}, {"loss.sigreg": 0.0}])
