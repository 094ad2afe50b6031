"""Table 10: success by the solver that plans.

    python -m launch figure lewm/table10 --run-missing

Cost: cpu 2 models of two minutes, and half a minute per cell.
Expect CEM ahead of gradients, and among those Adam ahead of RMSProp ahead of SGD.
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
    few = {"plan.samples": 100, "plan.iterations": 30} if config.scale != "smoke" else {}  # as the authors do
    solvers = [{"plan.solver": name} for name in ("cem", "icem", "mppi")]
    solvers += [{"plan.solver": name, **few} for name in ("sgd", "rmsprop", "adam")]
    return product([{"loss.kind": kind} for kind in ("lewm", "pldm")], solvers)
