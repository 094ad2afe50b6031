"""Fig. 8: what the latents hold as training goes on: reconstructions from successive states of one training.

    python -m launch figure lewm/fig8 --run-missing

Each is a training of its own that stops on the way of the same schedule, bit for bit the longer one's beginning.

Cost: cpu four trainings of a minute or less and a decoder for each.
Expect what moves slowly or fills much of the picture to be drawn first, the agent last.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.lewm import studies
from configs.lewm.base import cost, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def get_config(scale: str) -> ConfigDict:
    return studies.small("imagine", scale)


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    whole = config.train.steps
    shares = (0.04, 0.1, 0.3, 1.0) if config.scale != "smoke" else (0.5, 1.0)
    return ({"train.steps": max(1, round(share * whole)), "train.schedule_steps": whole} for share in shares)
