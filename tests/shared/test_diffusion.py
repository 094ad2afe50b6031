"""Noise and samplers where the best possible network is known: a Gaussian, and a point."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.diffusion import PREDICTIONS, Process, ddim, ddpm, grid, loss, process

KEY = jax.random.key(0)
LEVELS = 1000
MU = np.array([1.0, -0.5])
SIGMA = np.array([[0.8, 0.5], [0.5, 0.6]])  # eigenvalues 1.21 and 0.19
SAMPLES = 20_000


def gaussian(diffusion: Process):
    """The noise that a network should predict for x of N(MU, SIGMA): E[eps | x] = sqrt(1 - abar) C^-1 (x - sqrt(abar) MU), C = cov(x)."""
    cov = diffusion.abar[:, None, None] * SIGMA + (1 - diffusion.abar[:, None, None].astype(float)) * np.eye(2)
    inverse = jnp.float32(np.linalg.inv(cov))  # [K, 2, 2]

    def denoise(x, k):
        signal, noise = diffusion.amplitudes(k, x)
        return noise * jnp.sum(inverse[k] * (x - signal * jnp.float32(MU))[:, None], -1)

    return denoise


def check_moments(x, mean, cov) -> None:
    """Within 4 standard errors of SAMPLES independent draws."""
    x = np.asarray(x, np.float64)
    variances = np.diag(cov)
    assert (abs(x.mean(0) - mean) < 4 * np.sqrt(variances / SAMPLES)).all()
    assert (abs(np.cov(x.T) - cov) < 4 * np.sqrt((np.outer(variances, variances) + cov**2) / SAMPLES)).all()


@pytest.mark.parametrize("sampler", ["ddim", "ddpm"])
def test_the_best_network_of_a_gaussian_makes_that_gaussian(sampler):
    """All 1,000 steps: the samplers' own bias, of order 1 / steps, is then 0.4 % (DDIM) and 0.9 % (DDPM) of the variance in the narrow
    direction, and the standard error 1 %."""
    diffusion = process("cosine", LEVELS, "eps")
    x = jax.random.normal(KEY, (SAMPLES, 2))
    further = (jax.random.key(1),) if sampler == "ddpm" else ()
    check_moments({"ddim": ddim, "ddpm": ddpm}[sampler](diffusion, gaussian(diffusion), x, LEVELS, *further), MU, SIGMA)


def test_ddim_of_a_gaussian_is_linear_in_its_noise_and_nears_the_truth_as_steps_grow():
    """No sampling error: x = 0 gives the mean, the unit vectors give a root of the covariance."""
    diffusion = process("cosine", LEVELS, "eps")
    errors = []
    for steps in (50, 100):
        rows = np.asarray(ddim(diffusion, gaussian(diffusion), jnp.float32([[0, 0], [1, 0], [0, 1]]), steps))
        np.testing.assert_allclose(rows[0], MU, atol=2e-3)
        root = rows[1:] - rows[0]
        errors.append(np.linalg.norm(root.T @ root - SIGMA))
    assert errors[1] == pytest.approx(errors[0] / 2, rel=0.2) and errors[1] < 0.05 * np.linalg.norm(SIGMA)


def test_a_step_of_ddpm_draws_from_the_posterior():
    """Ten steps with the posterior's textbook form for the variance in each direction of SIGMA: wrong ones would show, as 40 % are lost."""
    diffusion, steps = process("cosine", LEVELS, "eps"), 10
    abar = np.append(diffusion.abar.astype(np.float64), 1)
    levels, (spread, directions) = grid(LEVELS, steps), np.linalg.eigh(SIGMA)
    variance = np.ones(2)
    for k, to in zip(levels[:-1], levels[1:], strict=True):
        alpha = abar[k] / abar[to]
        of_x0, of_x = abar[to] ** 0.5 * (1 - alpha) / (1 - abar[k]), alpha**0.5 * (1 - abar[to]) / (1 - abar[k])
        says = abar[k] ** 0.5 * spread / (abar[k] * spread + 1 - abar[k])  # E[x0 | x] / x about the mean
        variance = (of_x0 * says + of_x) ** 2 * variance + (1 - alpha) * (1 - abar[to]) / (1 - abar[k])
    x = ddpm(diffusion, gaussian(diffusion), jax.random.normal(KEY, (SAMPLES, 2)), steps, jax.random.key(1))
    check_moments(x, MU, directions * variance @ directions.T)
    assert variance[0] < 0.7 * spread[0]


@settings(max_examples=50, deadline=None)
@given(data=st.data(), levels=st.integers(1, 1200))
def test_a_grid_begins_at_the_top_and_ends_clean(data, levels):
    """Known bug: 0, stride, 2 * stride, ... starts a stride too low, where the noise does not belong."""
    steps = data.draw(st.integers(1, levels))
    found = grid(levels, steps)
    assert found[0] == levels - 1 and found[-1] == -1 and len(found) == steps + 1
    assert (np.diff(found) < 0).all()
    assert np.diff(found).min() >= -levels // steps  # no stride longer than the others, but for rounding


@pytest.mark.parametrize("steps", [0, 11])
def test_more_steps_than_levels_are_refused(steps):
    with pytest.raises(ValueError, match=f"over 10 levels takes 1 to 10 steps, not {steps}"):
        grid(10, steps)


@pytest.mark.parametrize("predicts", PREDICTIONS)
@pytest.mark.parametrize("schedule", ["cosine", "linear"])
def test_a_point_comes_back_in_any_number_of_steps(schedule, predicts):
    """Known bug: a last step to the noisiest level in place of the clean one returns mostly noise.

    To rounding: 16 units of float32 for numbers up to 3, magnified by an eps in the last step, which begins at a level of its own.
    """
    point, x = jnp.array([[0.5, -2.0], [1.5, 0.0]]), jax.random.normal(KEY, (2, 2))
    diffusion = process(schedule, 20, predicts)

    def denoise(x, k):
        signal, noise = diffusion.amplitudes(k, x)
        return diffusion.target(point, k, (x - signal * point) / noise)

    for steps in (1, 3, 20):
        rounding = 2e-6 / (diffusion.abar[grid(20, steps)[-2]] ** 0.5 if predicts == "eps" else 1)
        np.testing.assert_allclose(ddim(diffusion, denoise, x, steps), point, rtol=0, atol=rounding)
        np.testing.assert_allclose(ddpm(diffusion, denoise, x, steps, KEY), point, rtol=0, atol=rounding)


def test_samplers_ask_at_the_levels_of_the_grid_and_the_last_answer_is_the_result():
    diffusion, seen = process("cosine", 10, "x0"), []

    def denoise(x, k):
        jax.debug.callback(lambda k: seen.append(k.tolist()), k, ordered=True)
        return jnp.zeros_like(x) + k[:, None]

    y = ddim(diffusion, denoise, jax.random.normal(KEY, (2, 3)), 4)
    jax.effects_barrier()
    assert seen == [[k, k] for k in (9, 7, 4, 2)]
    np.testing.assert_array_equal(y, 2)


def test_clipped_data_stay_in_their_range_and_add_up_with_their_noise():
    diffusion, k = process("cosine", LEVELS, "eps"), jnp.array([999, 500, 0])
    x, said = 3 * jax.random.normal(KEY, (2, 3, 4))
    x0, eps = diffusion.split(x, k, said, clip=1.0)
    assert abs(x0).max() <= 1
    np.testing.assert_allclose(diffusion.noised(x0, k, eps), x, atol=1e-5)
    y = ddim(diffusion, lambda x, k: jnp.zeros_like(x), x, 5, clip=1.0)
    assert abs(y).max() <= 1


@settings(max_examples=20, deadline=None)
@given(
    predicts=st.sampled_from(PREDICTIONS), schedule=st.sampled_from(["cosine", "linear"]), seed=st.integers(0, 99), k=st.integers(0, 900)
)
def test_from_a_target_back_to_data_and_noise(predicts, seed, k, schedule):
    """Levels up to 900, where rounding is magnified at most tenfold (cosine) and 60 times (linear); at the bottom 160 times, for x0."""
    diffusion, (x0, eps) = process(schedule, LEVELS, predicts), jax.random.normal(jax.random.key(seed), (2, 1, 5))
    levels = jnp.array([k])
    x = diffusion.noised(x0, levels, eps)
    back = diffusion.split(x, levels, diffusion.target(x0, levels, eps))
    np.testing.assert_allclose(back, (x0, eps), atol=2e-4)


def test_the_ends_of_the_schedules():
    """From Ho et al. (2020) and the definition: the last beta of a cosine is clipped at 0.999."""
    linear, cosine = (process(name, LEVELS, "eps").abar for name in ("linear", "cosine"))
    assert linear[0] == np.float32(1 - 1e-4) and linear[-1] == pytest.approx(4.036e-5, rel=1e-3)
    assert cosine[0] == pytest.approx(1 - 4.128e-5, abs=1e-7) and cosine[-1] / cosine[-2] == pytest.approx(1e-3, rel=1e-4)
    for abar in (linear, cosine):
        assert abar.dtype == np.float32 and abar.shape == (LEVELS,) and (np.diff(abar) < 0).all() and abar[-1] > 0


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="cosine, linear, not 'cosin'"):
        process("cosin", 10, "eps")
    with pytest.raises(ValueError, match="eps, x0, v, not 'noise'"):
        process("cosine", 10, "noise")


def test_the_loss_is_that_of_the_prediction():
    """Zero for a network that knows the data; for one that says nothing the mean square of its target, here eps: 1."""
    diffusion, x0 = process("cosine", LEVELS, "eps"), jax.random.normal(KEY, (64, 8, 3))

    def knows(x, k):
        signal, noise = diffusion.amplitudes(k, x)
        return (x - signal * x0) / noise

    assert loss(diffusion, knows, x0, KEY) < 1e-4
    size = 64 * 8 * 3
    assert abs(loss(diffusion, lambda x, k: jnp.zeros_like(x), x0, KEY) - 1) < 4 * (2 / size) ** 0.5


def test_a_mask_leaves_padding_out_of_the_loss():
    diffusion, x0 = process("cosine", LEVELS, "x0"), jax.random.normal(KEY, (4, 6, 3))
    mask = jnp.arange(6) < jnp.array([[6], [3], [1], [0]])  # [4, 6]
    padded = jnp.where(mask[..., None], x0, 100.0)
    nothing = lambda x, k: jnp.zeros_like(x)  # noqa: E731
    np.testing.assert_allclose(loss(diffusion, nothing, padded, KEY, mask), jnp.mean(x0[mask] ** 2), rtol=1e-6)
    assert loss(diffusion, nothing, padded, KEY, jnp.zeros((4, 6))) == 0
    np.testing.assert_allclose(loss(diffusion, nothing, x0, KEY, jnp.ones((4, 6))), loss(diffusion, nothing, x0, KEY), rtol=1e-6)


def test_levels_are_drawn_uniformly_one_per_row():
    """Over 20,000 rows each of 10 levels comes 2,000 times, within 4 standard errors."""
    seen = []
    loss(process("cosine", 10, "eps"), lambda x, k: seen.append(k) or x, jnp.zeros((20_000, 1, 1)), KEY)
    assert (abs(np.bincount(seen[0], minlength=10) - 2_000) < 4 * (20_000 * 0.1 * 0.9) ** 0.5).all()


@pytest.mark.parametrize("predicts", PREDICTIONS)
def test_samplers_compute_in_float32_whatever_the_network_does(predicts):
    diffusion = process("cosine", 10, predicts)
    half = lambda x, k: x.astype(jnp.bfloat16)  # noqa: E731
    assert ddim(diffusion, half, jnp.ones((2, 3), jnp.bfloat16), 2).dtype == jnp.float32
    assert ddpm(diffusion, half, jnp.ones((2, 3), jnp.bfloat16), 2, KEY).dtype == jnp.float32
    assert loss(diffusion, half, jnp.ones((2, 3, 1)), KEY).dtype == jnp.float32
