"""The target of the pairs, on real text of four domains.

    python -m launch run ssd/train

Cost: cpu 9e13 FLOPs (about 25 minutes on two cores); smoke seconds.
"""

from configs.ssd.base import cost, get_config, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]
