"""One model, trained once: the building block that every figure shares.

    python -m launch run infinite_compute/train --scale=cpu --config.model.name=XS --config.optim.weight_decay=0.1

Cost: cpu about 1e12 FLOPs (half a minute to a minute on two cores); gpu 2.4e15; paper 6e18.
"""

from configs.infinite_compute.base import cost, get_config, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]
