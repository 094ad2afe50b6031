"""The volume of a basin: against bodies whose volume is known, to the first border and no farther, in units of the filters."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.generalization import basin
from shared.errors import BadInput


def ball(size: int, radius: float) -> float:
    """ln of its volume."""
    return size / 2 * math.log(math.pi) - math.lgamma(1 + size / 2) + size * math.log(radius)


def ones(size: int) -> dict[str, jax.Array]:
    return {"w": jnp.ones(size)}


@settings(deadline=None, max_examples=8)
@given(st.integers(1, 4_000), st.floats(0.05, 3.0))
def test_a_ball_has_its_volume_in_any_dimension(size, radius):
    found = np.full(20, radius)
    one = basin.volume(found, size, 0)
    assert one.ln == pytest.approx(ball(size, radius), abs=1e-6) == one.low == one.high
    assert one.largest == pytest.approx(1 / 20)


def test_radii_of_a_ball_and_of_an_ellipsoid():
    """Loss |w - w*|^2 below tau; then with axes of three lengths, whose product is in the volume."""
    centre = jnp.array([5.0, -1.0, 2.0])
    params = {"w": centre}
    round_ = basin.radii(lambda w: ((w - centre) ** 2).sum(), params, ones(3), 0.49, 0, 50)
    np.testing.assert_allclose(round_, 0.7, rtol=1e-3)
    axes = jnp.array([0.5, 1.0, 2.0])
    long = basin.radii(lambda w: (((w - centre) / axes) ** 2).sum(), params, ones(3), 1.0, 0, 1_500)
    one = basin.volume(long, 3, 0)
    assert one.low < ball(3, 1.0) < one.high and one.high - one.low < 0.4  # the product of the axes is 1


def test_units_stretch_the_space():
    """What is a ball in units of 3 has 3^-D of the volume."""
    found = [basin.radii(lambda w: (w**2).sum(), {"w": jnp.zeros(4)}, {"w": jnp.full(4, unit)}, 1.0, 0, 30) for unit in (1.0, 3.0)]
    np.testing.assert_allclose(found[0] / 3, found[1], rtol=1e-3)


def test_a_ray_ends_where_it_first_leaves_the_basin():
    """A wall between 1 and 1.3 from the minimum, low ground behind it."""
    def loss(w: jax.Array) -> jax.Array:
        far = jnp.linalg.norm(w)
        return jnp.where((far > 1) & (far < 1.3) | (far > 9), 1.0, 0.0)

    np.testing.assert_allclose(basin.radii(loss, {"w": jnp.zeros(6)}, ones(6), 0.1, 0, 20), 1.0, rtol=1e-3)


def test_units_of_a_network_are_those_of_its_filters():
    """Weights and bias that go into one unit: their root mean square, which a unit's scale multiplies."""
    rng = np.random.default_rng(0)
    dense = {"kernel": jnp.asarray(rng.normal(size=(3, 2))), "bias": jnp.asarray(rng.normal(size=2))}
    found = basin.scales({"layers": {"0": dense}, "head": jax.tree.map(lambda leaf: leaf.at[..., 1].multiply(10), dense)})
    wanted = np.sqrt((np.asarray(dense["kernel"]) ** 2).sum(0) / 4 + np.asarray(dense["bias"]) ** 2 / 4)
    np.testing.assert_allclose(found["layers"]["0"]["bias"], wanted, rtol=1e-5)
    np.testing.assert_allclose(found["layers"]["0"]["kernel"], np.tile(wanted, (3, 1)), rtol=1e-5)
    np.testing.assert_allclose(found["head"]["bias"], wanted * [1, 10], rtol=1e-5)


def test_the_interval_is_that_of_the_directions_and_the_largest_one_is_told():
    found = np.concatenate([np.full(99, 1.0), [2.0]])
    one = basin.volume(found, 50, 0)
    assert one.low == pytest.approx(ball(50, 1.0), abs=0.1) and one.high > one.ln > one.low  # one draw in three misses the largest
    assert one.largest == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("loss", "said"), [(lambda w: (w**2).sum() + 0.2, "not below volume.tau=0.1: train for more steps"),
                                            (lambda w: (w**2).sum() * jnp.nan, "not below volume.tau=0.1")])  # fmt: skip
def test_no_minimum_has_no_basin(loss, said):
    with pytest.raises(BadInput, match=said) as error:
        basin.radii(loss, {"w": jnp.zeros(3)}, ones(3), 0.1, 0, 5)
    assert "\n" not in str(error.value)


def test_a_basin_without_an_end_has_no_volume():
    found = basin.radii(lambda w: jnp.minimum((w**2).sum(), 0.05), {"w": jnp.zeros(3)}, ones(3), 0.1, 0, 5)
    with pytest.raises(BadInput, match="5 of 5 directions never leave the basin.*: lower volume.tau") as error:
        basin.volume(found, 3, 0)
    assert "\n" not in str(error.value)
