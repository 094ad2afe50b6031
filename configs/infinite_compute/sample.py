"""Synthetic text for distillation: documents sampled without a prompt, at temperature 1, from a trained teacher.

The training fields say how its members are trained; `ensemble.members=1` is the teacher of a self-distillation.

    python -m launch run infinite_compute/sample --scale=smoke

Cost: 2 N FLOPs per sampled token (cpu: 3e11, about a minute); K times as much with `sample.teacher=logits`.
"""

from ml_collections import ConfigDict

from configs.infinite_compute import base
from configs.infinite_compute.base import cost, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "sample"
    return config
