"""Spread, rank and straightness say of made-up clouds and paths what is known of them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.lewm import diagnostics

seeds = st.integers(0, 2**31 - 1)
MANY = settings(max_examples=30, deadline=None)

NUMBERS = (diagnostics.spread, diagnostics.effective_rank, diagnostics.straightness)
spread, effective_rank, straightness = (lambda x, of=of: float(of(jnp.float32(x))) for of in map(jax.jit, NUMBERS))


def gaussian(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def turned(seed, x):
    """x [..., D] turned and mirrored at random."""
    return x @ np.linalg.qr(gaussian(seed, x.shape[-1], x.shape[-1]))[0]


def test_the_rank_of_a_round_cloud_is_its_dimension_and_of_a_line_one():
    assert 15.9 < effective_rank(gaussian(0, 20_000, 16)) <= 16
    assert effective_rank(gaussian(0, 1000, 1) * gaussian(1, 16)) == pytest.approx(1, abs=1e-3)
    assert 2.9 < effective_rank(turned(2, np.pad(gaussian(1, 5000, 3), ((0, 0), (0, 13))))) <= 3.01


def test_a_collapsed_cloud_has_no_spread_and_rank_one():
    point = np.ones((100, 8)) * gaussian(0, 8)
    assert spread(point) < 1e-6 and effective_rank(np.zeros((100, 8))) == 1


def test_the_rank_of_two_unequal_directions():
    """Singular values 3 : 1 are shares of 3/4 and 1/4."""
    x = np.array([[3, 0], [-3, 0], [0, 1], [0, -1]])
    assert effective_rank(x) == pytest.approx(np.exp(-0.75 * np.log(0.75) - 0.25 * np.log(0.25)), rel=1e-5)


@MANY
@given(seeds, st.floats(0.1, 100))
def test_rank_and_straightness_know_no_origin_scale_or_direction(seed, scale):
    cloud = gaussian(seed, 8, 6, 5) * np.arange(1, 6)
    other = turned(seed, scale * cloud) + gaussian(seed + 1, 5)
    assert effective_rank(other) == pytest.approx(effective_rank(cloud), rel=1e-3)
    assert straightness(other) == pytest.approx(straightness(cloud), abs=1e-3)


@MANY
@given(seeds, st.floats(0.1, 100))
def test_spread_is_in_units_of_the_latents_and_knows_no_origin(seed, scale):
    cloud = gaussian(seed, 8, 6, 5)
    assert spread(scale * cloud + 3) == pytest.approx(scale * spread(cloud), rel=1e-3)
    assert spread(cloud) == pytest.approx(cloud.reshape(-1, 5).std(0).mean(), rel=1e-5)


def test_straightness_of_known_paths():
    along = np.array([1.0, 2, -1])
    line = np.arange(5.0)[:, None] * along
    there_and_back = np.array([0.0, 1, 0, 1])[:, None] * along
    corner = np.array([[0.0, 0], [1, 0], [1, 1]])
    for path, want in ((line, 1), (there_and_back, -1), (corner, 0), (np.ones((4, 2)), 0)):
        assert straightness(path[None]) == pytest.approx(want, abs=1e-6)
    assert straightness(np.stack([line[:4], there_and_back])) == pytest.approx(0, abs=1e-6), "a mean over paths"


def test_they_work_over_members_of_a_pack_and_over_patches():
    z = jnp.asarray(gaussian(0, 2, 6, 4, 3, 8), jnp.float32)  # [K, B, T, P, D]
    for number in NUMBERS:
        together = jax.jit(jax.vmap(number))(z)
        assert together.tolist() == pytest.approx([float(number(one)) for one in z], rel=1e-4)
