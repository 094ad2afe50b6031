"""What data determine in a Bayesian linear model on sines and cosines: of its parameters, and of the function."""

from typing import Any

import numpy as np
from ml_collections import ConfigDict

from projects.generalization.dimension import determined
from projects.generalization.middle import middle
from shared.run import Run


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """One row per number of points: medians over draws of x. None when it was asked to stop before the end."""
    run.restore(None)  # it has no checkpoints: a second attempt begins anew
    settings = config.linear
    x = np.random.default_rng(config.seed).uniform(0, settings.length, (settings.draws, max(settings.points)))
    phi = waves(x, settings.features, settings.length)  # [draws, n, P]
    row: dict[str, Any] = {}
    for n in settings.points:
        squares = spectrum(phi[:, :n])
        posterior = 1 / (squares / settings.noise + 1 / settings.prior)  # eigenvalues of the covariance
        row = {"points": n}
        row |= middle("parameters", determined(posterior, settings.alpha))
        row |= middle("function", determined(squares / settings.noise, 1 / settings.prior))
        run.log(n, row)
        run.step = n
        if run.stopping:
            return None
    return row


def waves(x: np.ndarray, count: int, length: float) -> np.ndarray:
    """Sines and cosines of 1 .. count / 2 periods over the range, orthogonal there; x [...] -> [..., count]."""
    angles = x[..., None] * np.arange(1, count // 2 + 1) * (2 * np.pi / length)
    return np.concatenate([np.sin(angles), np.cos(angles)], -1)


def spectrum(phi: np.ndarray) -> np.ndarray:
    """Eigenvalues of phi^T phi, [..., n, P] -> [..., P]: those of the smaller Gram matrix, and zeros."""
    n, p = phi.shape[-2:]
    found = np.maximum(np.linalg.eigvalsh(phi @ phi.mT if n < p else phi.mT @ phi), 0.0)
    return np.concatenate([np.zeros((*phi.shape[:-2], p - found.shape[-1])), found], -1)
