"""Shapes cover what they should, wherever they lie and whatever the pixels."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.lewm.envs import raster

CANVAS = 100.0
BLACK, WHITE = (0, 0, 0), (255, 255, 255)
SHAPES = {
    "disc": (lambda x, y: raster.disc(x, y, 20.0), np.pi * 20**2),
    "box": (lambda x, y: raster.box(x, y, (-10.0, -5.0), (25.0, 15.0)), 35 * 20),
    "capsule": (lambda x, y: raster.capsule(x, y, 25.0, 8.0), 2 * 8 * 25 + np.pi * 8**2),
}


def painted(shape, x, y, angle, size):
    """The share of the canvas [size, size] that a white shape on black covers, pixel by pixel."""
    pixel = CANVAS / size
    centres = (jnp.arange(size) + 0.5) * pixel
    across, down = jnp.meshgrid(centres, centres)
    distance = shape(*raster.turned(across - x, down - y, angle))
    black = [jnp.full((size, size), float(c)) for c in BLACK]
    return np.asarray(raster.frames(raster.over(black, WHITE, raster.cover(distance, pixel))))[..., 0]


def painted_line(width):
    at = jnp.arange(10.0) - 4.3
    return np.asarray(raster.cover(at - width / 2, 1.0) - raster.cover(at + width / 2, 1.0))


@pytest.mark.parametrize("name", SHAPES)
@given(x=st.floats(40, 60), y=st.floats(40, 60), angle=st.floats(-7, 7), size=st.sampled_from([25, 64, 200]))
@settings(max_examples=30, deadline=None)
def test_the_area_of_a_shape_does_not_depend_on_where_it_lies(name, x, y, angle, size):
    shape, area = SHAPES[name]
    assert painted(shape, x, y, angle, size).sum() * (CANVAS / size) ** 2 == pytest.approx(area, rel=0.04 if size < 64 else 0.02)


@pytest.mark.parametrize("name", SHAPES)
def test_the_distance_is_one(name):
    """A signed distance grows by as much as one walks straight away from the shape: its gradient has length 1."""
    shape, _ = SHAPES[name]
    points = np.random.default_rng(0).uniform(-50, 50, (500, 2)).astype(np.float32)
    steps = np.array([[0.01, 0], [0, 0.01]], np.float32)
    dx, dy = ((shape(*(points + step).T) - shape(*(points - step).T)) / 0.02 for step in steps)
    slope = np.hypot(dx, dy)
    assert np.quantile(np.abs(slope - 1), 0.98) < 2e-3  # a few points lie on a ridge


@pytest.mark.parametrize("width", [0.1, 1.0, 3.0])
def test_a_line_is_as_dark_as_it_is_wide(width):
    """As the difference of two shapes, however thin against a pixel."""
    line = painted_line(width)
    assert line.sum() == pytest.approx(width, abs=0.01)


def test_turning_goes_from_the_first_axis_to_the_second():
    quarter = painted(SHAPES["box"][0], 50.0, 50.0, np.pi / 2, 100)
    assert quarter[70, 50] == 1  # the long side, 25 along the first axis, points down now
    assert quarter[50, 70] == 0


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_frames_are_what_bytes_can_hold(seed):
    planes = list(np.random.default_rng(seed).uniform(0, 255, (3, 30, 30)).astype(np.float32))
    frames = np.asarray(jax.jit(raster.frames)(planes))
    stored = (frames * 255 + 0.5).astype(np.uint8)
    assert frames.dtype == np.float32
    assert np.array_equal(jax.jit(lambda stored: stored.astype("float32") / 255)(stored), frames)
