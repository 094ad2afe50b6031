"""One model of a pair: the target on real text, or a draft distilled on what the target writes.

    python -m launch run ssd/train --config.pair.role=draft

Cost: cpu target 1e14 FLOPs (about 40 minutes on two cores), draft 5e13, weak draft 4e13; smoke seconds.
"""

from configs.ssd.base import cost, get_config, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]
