"""Fig. 15: success by the width of the latents, and by the directions and knots of SIGReg.

    python -m launch figure lewm/fig15 --run-missing

Cost: cpu 15 models of a minute or two, and half a minute to evaluate one.
Expect a drop where the latents are too narrow for what there is to tell; directions and knots to matter little.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.lewm import studies
from configs.lewm.base import cost, needs, resolve
from configs.sweeps import Overrides, chain, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def get_config(scale: str) -> ConfigDict:
    return studies.small("plan", scale)


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    paper = config.scale in ("gpu", "paper")
    widths = (24, 48, 96, 192, 384) if paper else (2, 8, 32) if config.scale == "cpu" else (4, 8)
    directions = (64, 256, 1024) if paper else (16, 256) if config.scale == "cpu" else (8, 16)
    knots = (5, 17, 33) if paper else (5, 17) if config.scale == "cpu" else (9, 17)
    fields = {"latent.width": widths, "loss.projections": directions, "loss.knots": knots}
    cells = chain(*([{field: value} for value in values] for field, values in fields.items()))
    return product(cells, studies.seeds(config.scale))
