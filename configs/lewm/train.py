"""One world model, trained once: the building block that every figure shares.

    python -m launch run lewm/train --config.env.name=tworoom

Cost: cpu about a quarter of an hour on two cores; smoke seconds.
"""

from configs.lewm.base import cost, get_config, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]
