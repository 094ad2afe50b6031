"""That network quantised, written as MODEL.bin, and a bound on its test error recomputed from the file.

    python -m launch run generalization/compress
    python -m launch run generalization/compress --config.subspace.altered=1
    python -m projects.generalization.certify runs/generalization/compress/<id>/tables/MODEL.bin

Of Fashion-MNIST the bound is far below guessing (published: 32.8 %); of random labels it is vacuous, though the networks to choose from
are the same.

Cost: cpu four minutes on two cores, with the training; smoke seconds.
"""

from ml_collections import ConfigDict

from configs.generalization import base
from configs.generalization.base import cost, needs, resolve

__all__ = ["cost", "get_config", "needs", "resolve"]


def get_config(scale: str) -> ConfigDict:
    config = base.get_config(scale)
    config.entry = "compress"
    return config
