"""SIGReg against its closed forms, its gradient against the plain formula, and the same number however the batch is split."""

import helpers
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.lewm.sigreg import directions, quadrature, sigreg

KEY, N = jax.random.key(0), 128


def along(width: int, count: int = 256) -> jax.Array:
    return directions(jax.random.key(7), width, count)


def plain(z, along, knots=17):
    """The formula as it is written, with an array of every projection at every knot."""
    t, weights, target = quadrature(knots)
    angle = jnp.einsum("tnd,dm->tnm", z, along, precision="highest")[..., None] * t
    cos, sin = jnp.cos(angle).mean(1), jnp.sin(angle).mean(1)
    return z.shape[1] * jnp.mean(jnp.sum(weights * ((cos - target) ** 2 + sin**2), -1))


def expected(cf, count: int) -> float:
    """E[SIGReg] of `count` rows whose projections have the real characteristic function cf(t)."""
    t, weights, target = quadrature(17)
    return float(np.sum(weights * (count * (cf(t) - target) ** 2 + 1 - cf(t) ** 2)))


def mean_of(draw, times: int = 400) -> tuple[float, float]:
    """Mean statistic of 1-D clouds [times, N, 1], and its standard error."""
    each = jax.vmap(lambda one: sigreg(one[None], jnp.ones((1, 1))))(draw)
    return float(each.mean()), float(each.std() / times**0.5)


NORMALS = {1.0: 1.05246, 0.1: 49.545, 0.5: 19.806, 2.0: 31.884}


@pytest.mark.parametrize("sigma", NORMALS)
def test_gaussians_meet_their_closed_form(sigma):
    assert expected(lambda t: np.exp(-((sigma * t) ** 2) / 2), N) == pytest.approx(NORMALS[sigma], rel=1e-4)
    mean, error = mean_of(sigma * jax.random.normal(KEY, (400, N, 1)))
    assert abs(mean - NORMALS[sigma]) < 4 * error


def test_uniform_and_rademacher_meet_their_closed_form():
    uniform = jax.random.uniform(KEY, (400, N, 1), minval=-(3**0.5), maxval=3**0.5)
    coins = jax.random.rademacher(KEY, (400, N, 1), jnp.float32)
    for draw, cf, value in ((uniform, lambda t: np.sinc(3**0.5 * t / np.pi), 3.1632), (coins, np.cos, 14.2454)):
        assert expected(cf, N) == pytest.approx(value, rel=1e-4)
        mean, error = mean_of(draw)
        assert abs(mean - value) < 4 * error


@pytest.mark.parametrize("count", [32, 128])
def test_collapse_costs_a_constant_times_the_batch(count):
    assert sigreg(jnp.zeros((2, count, 8)), along(8)) == pytest.approx(0.402048 * count, rel=1e-5)


def test_an_isotropic_gaussian_costs_the_same_at_every_size_of_batch():
    small, large = (float(sigreg(jax.random.normal(KEY, (100, count, 16)), along(16))) for count in (32, 256))
    assert small == pytest.approx(1.052, abs=0.05)
    assert large == pytest.approx(1.052, abs=0.05)


def test_what_it_sees_in_many_dimensions():
    aligned = jnp.ones((1, N, 192))
    rank_one = jax.random.normal(KEY, (20, N, 1)) * jnp.ones(192)
    many = along(192, 8192)
    assert sigreg(aligned, many) == pytest.approx(135.6, rel=0.02)
    assert sigreg(rank_one, many) == pytest.approx(21.1, rel=0.1)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 999), steps=st.integers(1, 3), rows=st.integers(2, 20), width=st.integers(1, 9), knots=st.integers(2, 33),
    scale=st.floats(0.01, 4),
)  # fmt: skip
def test_the_recurrence_gives_the_plain_formula_and_its_gradient(seed, steps, rows, width, knots, scale):
    z = scale * jax.random.normal(jax.random.key(seed), (steps, rows, width)) + 0.3
    ours, theirs = (jax.jit(jax.value_and_grad(one), static_argnums=2)(z, along(width, 8), knots) for one in (sigreg, plain))
    np.testing.assert_allclose(ours[0], theirs[0], rtol=2e-5)
    np.testing.assert_allclose(ours[1], theirs[1], atol=2e-5 * float(jnp.abs(theirs[1]).max()) + 1e-9)


def test_it_is_float32_whatever_the_latents_are():
    z = jax.random.normal(KEY, (1, 64, 8)).astype(jnp.bfloat16)
    assert sigreg(z, along(8)).dtype == jnp.float32
    np.testing.assert_allclose(sigreg(z, along(8)), plain(z.astype(jnp.float32), along(8)), rtol=1e-5)


def test_directions_are_unit_vectors_and_fresh_for_every_key():
    one, other = directions(jax.random.key(0), 5, 9), directions(jax.random.key(1), 5, 9)
    np.testing.assert_allclose(jnp.linalg.norm(one, axis=0), 1, rtol=1e-6)
    assert jnp.abs(one - other).max() > 0.1


SPLIT = """
    import jax, jax.numpy as jnp, numpy as np
    from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
    from projects.lewm.sigreg import directions, sigreg

    jax.config.update("jax_num_cpu_devices", 8)

    @jax.jit
    def loss(z, key):
        return sigreg(z, directions(key, z.shape[-1], 64))

    z = jax.random.normal(jax.random.key(0), (2, 64, 6))
    z = z + SHIFT * jnp.repeat(jnp.arange(8), 8)[None, :, None] / 8  # every device's rows lie somewhere else
    key = jax.random.key(3)
    alone = jax.jit(jax.value_and_grad(loss))(z, key)
    mesh = Mesh(np.array(jax.devices()), ("data",))
    split = jax.device_put(z, NamedSharding(mesh, P(None, "data")))
    together = jax.jit(jax.value_and_grad(loss))(split, key)
    assert len(split.sharding.device_set) == 8
    print(float(alone[0]), float(together[0]), float(jnp.abs(alone[1] - np.asarray(together[1])).max()))
    local = np.mean([float(loss(z[:, 8 * i : 8 * i + 8], key)) for i in range(8)])
    print(local)
"""


@pytest.mark.parametrize("shift", [0.0, 5.0])
def test_eight_devices_give_what_one_gives(shift):
    lines = helpers.script(SPLIT.replace("SHIFT", str(shift))).splitlines()
    alone, together, gradients = map(float, lines[-2].split())
    assert together == pytest.approx(alone, rel=1e-5)
    assert gradients < 1e-6 * max(1.0, alone)
    if shift:  # what a statistic per device would say instead
        assert abs(float(lines[-1]) - alone) > 0.05 * alone
