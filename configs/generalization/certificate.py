"""The same networks certified on true labels and on random ones (sections 2.3 and 3; Lotfi et al., 2022, for the published bounds).

    python -m launch sweep generalization/certificate

Expected: true labels of Fashion-MNIST have a bound far below the error of guessing (published: 32.8 %), random labels have none: a
network that fits them needs a longer code than the points can pay for.

Cost: cpu ten minutes on two cores; smoke seconds.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.generalization.base import cost, needs, resolve
from configs.generalization.compress import get_config
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    for share in (0.0, 1.0):
        yield {"subspace.altered": share}
