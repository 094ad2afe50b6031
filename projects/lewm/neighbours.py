"""Do latents that are near each other show states that are (Figure 9)?"""

import numpy as np
from sklearn.manifold import TSNE

from projects.lewm.probes import Targets, standardised

NEIGHBOURS = 10


def plane(z: np.ndarray, seed: int) -> np.ndarray:
    """Latents z [N, D] laid out by t-SNE, float32 [N, 2]."""
    return TSNE(init="pca", perplexity=min(30, (len(z) - 1) / 3), random_state=seed).fit_transform(z)


def kept_by(places: dict[str, np.ndarray], targets: Targets) -> dict[str, float]:
    """The share of the NEIGHBOURS nearest to a point in the given places [N, d], by name, that are among its nearest in all quantities,
    standardised (on a grid these are more than NEIGHBOURS, since many are equally near); and what places at random would give."""
    together = np.concatenate(list(targets.values()), 1)
    true = distances(standardised(together, np.ones(len(together), bool)))
    count = min(NEIGHBOURS, len(true) - 1)
    near = true <= np.sort(true, 1)[:, count - 1 : count] * (1 + 1e-6)  # [N, N]
    nearest = {name: np.argsort(distances(points), 1, kind="stable")[:, :count] for name, points in places.items()}
    shares = {name: np.take_along_axis(near, found, 1).mean() for name, found in nearest.items()}
    shares["chance"] = near.sum(1).mean() / (len(near) - 1)
    return {f"neighbours/{name}": float(share) for name, share in shares.items()}


def distances(points: np.ndarray) -> np.ndarray:
    """Of every point [N, d] the square of the distance to every other, [N, N]; infinite to itself."""
    points = points.astype(np.float64)
    square = (points**2).sum(1)
    found = square[:, None] + square - 2 * points @ points.T
    np.fill_diagonal(found, np.inf)
    return found
