"""A small language model of bytes whose adapters are trained within a random subspace of their parameters (SubLoRA; Lotfi et al., 2023).

    python -m launch data verses --vocab 97
    python -m launch run generalization/lm --config.subspace.dimension=256

Cost: cpu two minutes of one core; smoke seconds.
"""

from ml_collections import ConfigDict

from configs.generalization import base, texts
from configs.generalization.base import cost, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.update_from_flattened_dict({"entry": "lm", **texts.BY_SCALE[scale]})
    return config
