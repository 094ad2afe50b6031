"""Do latents that are near each other show states that are (Figure 9)?"""

import numpy as np
from sklearn.manifold import TSNE

from projects.lewm.probes import Targets, standardised

NEIGHBOURS = 10


def plane(z: np.ndarray, seed: int) -> np.ndarray:
    """Latents z [N, D] laid out by t-SNE, float32 [N, 2]."""
    return TSNE(init="pca", perplexity=min(30, (len(z) - 1) / 3), random_state=seed).fit_transform(z)


def kept_by(places: dict[str, np.ndarray], targets: Targets) -> dict[str, float]:
    """The share of the NEIGHBOURS nearest to a frame in all its quantities, standardised, that are also nearest in the given places [N, d],
    by name; and what places at random would keep."""
    together = np.concatenate(list(targets.values()), 1)
    true = nearest(standardised(together, np.ones(len(together), bool)))
    shares = {name: np.mean([np.isin(a, b).mean() for a, b in zip(true, nearest(points), strict=True)]) for name, points in places.items()}
    shares["chance"] = true.shape[1] / (len(true) - 1)
    return {f"neighbours/{name}": float(share) for name, share in shares.items()}


def nearest(points: np.ndarray) -> np.ndarray:
    """Of every point [N, d] the indices of its NEIGHBOURS, or of all others where those are fewer, [N, k]."""
    points = points.astype(np.float64)
    square = (points**2).sum(1)
    distance = square[:, None] + square - 2 * points @ points.T
    np.fill_diagonal(distance, np.inf)
    return np.argsort(distance, 1, kind="stable")[:, : min(NEIGHBOURS, len(points) - 1)]
