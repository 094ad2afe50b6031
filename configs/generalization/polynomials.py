"""Fig. 1(a-c): one model of order 150 with one soft penalty fits what is simple, what is structured, and pure noise.

    python -m launch figure generalization/polynomials --run-missing

Cost: cpu six runs of seconds; no data set.
Expect the penalty that grows with the order to follow both functions between its 30 points, where one that does not grow is off by more
than the function itself; ten points of noise are passed through. Monomials in float64 have about 22 usable directions, so that
thirty points of noise are not interpolated by them; Legendre polynomials can.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.generalization import base
from configs.generalization.base import cost, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per number of points, growth of the penalty, and noise of the likelihood


def get_config(scale: str) -> ConfigDict:
    return base.get_config(scale)


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    targets = [{"polynomial.target": target} for target in ("simple", "structured", "noise")]
    return product(targets, [{"polynomial.basis": basis} for basis in ("monomial", "legendre")])
