"""Medians with intervals that assume nothing: errors near an interpolation threshold have no mean worth the name."""

import numpy as np
from scipy.special import bdtr


def middle(name: str, values: np.ndarray) -> dict[str, float]:
    """The median of independent draws as NAME, and the order statistics that enclose it with at least 95% as NAME/low and NAME/high;
    fewer than six draws have none."""
    ordered = np.sort(values)
    found = {name: float(np.median(ordered))}
    rank = depth(len(ordered))
    return found | ({f"{name}/low": float(ordered[rank - 1]), f"{name}/high": float(ordered[-rank])} if rank else {})


def depth(n: int) -> int:
    """The largest k for which the k-th smallest and the k-th largest of n enclose the median with 95%; 0 where none do."""
    return next(k for k in range(n + 1) if bdtr(k, n, 0.5) > 0.025)  # P(B < k) <= 0.025
