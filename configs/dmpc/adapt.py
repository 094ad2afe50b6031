"""Novel dynamics: one part, p_d, is fine-tuned on what a medium actor plays, with noise, where a joint is defective; nothing else changes.

    python -m launch run dmpc/adapt --config.env.name=walker2d --config.env.defect_joint=2
    python -m launch run dmpc/evaluate --config.env.name=walker2d --config.env.defect_joint=2 --config.evaluate.adapted=true

The second line runs the first one if it has to, and plans with its dynamics and the old proposal and value. The data hold what was
commanded, not what the joint did. With --config.adapt.whole=true it plans with dynamics that were fine-tuned as long on play data without
the defect, which tells what adapting is owed to. train.part=joint adapts the joint model, for plan.kind=guided.

Cost: cpu a minute or two once the part is trained.
"""

from ml_collections import ConfigDict

from configs.dmpc import base
from configs.dmpc.base import cost, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "adapt"
    config.train.part = "dynamics"
    return config
