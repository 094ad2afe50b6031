"""Fig. 3: how long a plan takes: one latent per frame (LeWM, PLDM) against one per patch.

    python -m launch figure lewm/fig3 --run-missing

Times, so nothing is trained for long: what the models have learned changes no time. At scale cpu 196 patches a frame, as in the paper's
comparison with DINO-WM, whose own weights are not at hand.

Cost: cpu some minutes, of which the patches take all. Launch it when nothing else runs.
Expect a plan over patches to take tens of times as long.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.lewm import base
from configs.lewm.base import cost, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "plan"
    config.train.steps = 2
    config.evaluation.clips = config.train.batch_size
    config.evaluation.times = 1
    config.protocol.pairs = 2
    if scale == "cpu":
        config.images.size = 112
        config.train.batch_size = 4
        config.evaluation.clips = 4
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    return iter([{}, {"loss.kind": "pldm"}, {"latent.tokens": "patches"}])
