"""Table 10: success by the solver that plans.

    python -m launch figure lewm/table10 --run-missing

Cost: cpu a minute per cell once the models of Figure 6 are trained.
Expect CEM ahead of gradients, and among those Adam ahead of RMSProp ahead of SGD.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.lewm import base, studies
from configs.lewm.base import cost, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "plan"
    return config


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    environment = "tworoom" if config.scale in ("smoke", "cpu") else "pusht"
    few = {"plan.samples": 100, "plan.iterations": 30} if config.scale != "smoke" else {}  # as the authors do
    solvers = [{"plan.solver": name} for name in ("cem", "icem", "mppi")]
    solvers += [{"plan.solver": name, **few} for name in ("sgd", "rmsprop", "adam")]
    models = [model for model in studies.trained(config.scale, environment, "lewm", "pldm") if model["seed"] == 0]
    return product(models, solvers)
