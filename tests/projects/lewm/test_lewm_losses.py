"""The losses against their formulas, written out in numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from projects.lewm import losses
from projects.lewm.sigreg import directions, sigreg

KEY = jax.random.key(0)
B, T, D = 6, 3, 4
Z, AHEAD = jax.random.normal(KEY, (B, T + 1, D)) * jnp.arange(1, D + 1), jax.random.normal(jax.random.key(1), (B, T, D))
WEIGHTS = dict(zip(losses.PLDM, (18.0, 12.0, 0.2, 0.7, 0.3, 0.5), strict=True))


def test_lewm_is_the_mean_error_and_the_weighted_test_of_every_frame():
    total, terms = losses.lewm(Z, AHEAD, KEY, 0.09, 32, 17)
    assert terms["prediction"] == pytest.approx(float(np.mean((np.asarray(AHEAD) - np.asarray(Z)[:, 1:]) ** 2)), rel=1e-5)
    assert terms["sigreg"] == pytest.approx(float(sigreg(Z.swapaxes(0, 1), directions(KEY, D, 32))), rel=1e-6)
    assert total == pytest.approx(float(terms["prediction"] + 0.09 * terms["sigreg"]), rel=1e-6)


def test_gradients_flow_to_predictions_and_targets_alike():
    to_targets, to_predictions = jax.grad(losses.prediction, (0, 1))(Z, AHEAD)
    np.testing.assert_allclose(to_targets[:, 1:], -to_predictions, rtol=1e-6)
    np.testing.assert_array_equal(to_targets[:, 0], 0)


def test_the_latents_of_patches_count_as_rows_of_their_step():
    patches = jax.random.normal(KEY, (B, T + 1, 5, D))
    _, terms = losses.lewm(patches, patches[:, 1:], KEY, 0.1, 16, 17)
    rows = patches.transpose(1, 0, 2, 3).reshape(T + 1, B * 5, D)
    assert terms["sigreg"] == pytest.approx(float(sigreg(rows, directions(KEY, D, 16))), rel=1e-5)


def covariances(rows: np.ndarray) -> float:
    """Mean square of the entries beside the diagonal."""
    c = np.cov(rows, rowvar=False)
    return float(np.sum((c - np.diag(np.diag(c))) ** 2) / (len(c) ** 2 - len(c)))


def test_pldm_is_its_seven_terms():
    z = np.asarray(Z, np.float64)
    total, terms = losses.pldm(Z, AHEAD, WEIGHTS, jnp.float32(2.0))
    expected = {
        "prediction": np.mean((np.asarray(AHEAD) - z[:, 1:]) ** 2),
        "variance": np.mean(np.maximum(0, 1 - np.sqrt(z.var(0, ddof=1) + 1e-4))),
        "covariance": np.mean([covariances(z[:, t]) for t in range(T + 1)]),
        "time_similarity": np.mean((z[:, 1:] - z[:, :-1]) ** 2),
        "time_variance": np.mean(np.maximum(0, 1 - np.sqrt(z.var(1, ddof=1) + 1e-4))),
        "time_covariance": np.mean([covariances(clip) for clip in z]),
        "inverse": 2.0,
    }
    assert set(terms) == set(expected)
    for name, value in expected.items():
        assert terms[name] == pytest.approx(float(value), rel=1e-4), name
    assert total == pytest.approx(expected["prediction"] + sum(WEIGHTS[name] * expected[name] for name in losses.PLDM), rel=1e-4)


def test_wide_latents_are_not_pushed_further():
    assert losses.hinge(10 * Z, 0) == 0
    assert losses.hinge(jnp.zeros_like(Z), 0) == pytest.approx(1 - 0.01)
