"""Whether counts agree with the law they should have been drawn from."""

import numpy as np
from scipy.stats import chi2


def tail(counts, p):
    """p-value of a chi-square test with cells pooled to an expected 5."""
    n, order = counts.sum(), np.argsort(p)
    group = np.minimum((np.cumsum(p[order]) * n // 5).astype(int), int(n // 5) - 1)
    _, group = np.unique(group, return_inverse=True)
    seen, expected = np.bincount(group, counts[order]), np.bincount(group, p[order] * n)
    seen, expected = seen[expected > 0], expected[expected > 0]
    return chi2.sf(((seen - expected) ** 2 / expected).sum(), len(seen) - 1)


def near(counts, p):
    """Total variation below one and a half times what it is by chance; counts [..., V], a law p [..., V] in every row."""
    n = counts.sum(-1, keepdims=True)
    by_chance = np.sqrt(n * p * (1 - p) / (2 * np.pi)).sum()
    return 0.5 * np.abs(counts - n * p).sum() < 1.5 * by_chance
