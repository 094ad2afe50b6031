"""The evaluation looked at: 50 pairs or 200, from episodes that were trained on or held out, near goals or far ones.

    python -m launch figure lewm/protocol --run-missing

The first version of the paper printed goals 100 steps away and a budget of 150 for TwoRoom; the numbers are those of 25 and 50.

Cost: cpu a minute per cell once the models of Figure 6 are trained.
Expect held-out pairs to be as easy as others, far goals to be much harder for random play and for a plan of 25 steps.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.lewm import base
from configs.lewm.base import cost, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "plan"
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    few, all_pairs = (2, config.protocol.pairs) if config.scale == "smoke" else (50, 200)
    far = {"protocol.offset": 100, "protocol.budget": 150} if config.scale != "smoke" else {"protocol.offset": 30}
    protocols = [{"protocol.pairs": few}, {"protocol.pairs": all_pairs}, {"protocol.held_out": True}, far]
    return product(protocols, [{}, {"plan.policy": "random"}])
