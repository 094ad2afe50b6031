"""Table 6: success by the size of the predictor.

    python -m launch figure lewm/table6 --run-missing

The paper gives names, not sizes: tiny has fewer heads and a narrower MLP, base a residual stream four times as wide as the latents.

Cost: cpu 9 models of a minute, and half a minute to evaluate one.
Expect a middle size to do best in Push-T; TwoRoom may not tell.
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
    heads, mlp = {"smoke": (1, 8), "cpu": (1, 96)}.get(config.scale, (3, 768))
    sizes = [{"predictor.heads": heads, "predictor.mlp_width": mlp}, {}, {"predictor.width": 4 * config.latent.width}]
    return product(sizes, studies.seeds(config.scale))
