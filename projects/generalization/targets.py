"""What polynomials are fitted to."""

from collections.abc import Callable

import numpy as np

# The first two as in a third party's reimplementation of Figure 1; the others are the three problems of the study of orders.
TARGETS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "simple": lambda x: np.sin(x) * np.cos(x**2),
    "structured": lambda x: x + np.cos(np.pi * x),
    "square": lambda x: x**2,
    "cosine": lambda x: np.cos(1.5 * np.pi * x),
    "tenth": lambda x: -36 * x + 49 * x**5 - 14 * x**7 + x**10,
}
BASES: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {  # of x [...] in [-1, 1], [..., order + 1]
    "monomial": lambda x, order: x[..., None] ** np.arange(order + 1),
    "legendre": np.polynomial.legendre.legvander,
}
