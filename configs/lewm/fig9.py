"""Fig. 9: latents of a grid of places, embedded in the plane by t-SNE: neighbours stay neighbours.

    python -m launch figure lewm/fig9 --run-missing

Cost: cpu a minute per environment; the models are those of Figure 6.
Expect the embedding to look like the room, or like the table.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.lewm import base, studies
from configs.lewm.base import cost, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "probe"
    config.probe.embed = 1_000 if scale != "smoke" else 30
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return studies.first(config.scale, "lewm")
