"""A rollout sees what the authors' sees: one frame at first, then its own predictions, three at most, positions from the left."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.lewm.rollout import rollout, unroll


def tell(z, blocks):
    """A causal predictor that tells apart frames, positions and blocks: entry t = sum over j <= t of (j + 1) z_j / 4 + b_j / (j + 2)."""
    position = np.arange(1, z.shape[1] + 1)
    told = z * position[:, None] / 4 + blocks[..., : z.shape[-1]] / (position[:, None] + 1)
    return jnp.cumsum(told, 1)


def tell_next(z, block, cache):
    """The same, one frame at a time: the cache holds how many frames there were, and their sum."""
    count, total = cache or (0, 0.0)
    total = total + z * (count + 1) / 4 + block[..., : z.shape[-1]] / (count + 2)
    return total, (count + 1, total)


def by_hand(start, blocks, window):
    """Of one sequence, [T0, D] and [T0 - 1 + H, D], without sharing anything between steps."""
    frames = list(start)
    for end in range(len(start), len(blocks) + 1):
        seen = range(max(0, end - window), end)
        frames.append(sum((at + 1) * frames[j] / 4 + blocks[j] / (at + 2) for at, j in enumerate(seen)))
    return np.stack(frames[len(start) :])


@given(st.integers(1, 3), st.integers(1, 7), st.integers(1, 4), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_windows_positions_and_blocks_are_right(history, horizon, window, seed):
    rng = np.random.default_rng(seed)
    start, blocks = rng.normal(size=(2, history, 3)), rng.normal(size=(2, history - 1 + horizon, 3))
    expected = np.stack([by_hand(*one, window) for one in zip(start, blocks, strict=True)])
    np.testing.assert_allclose(rollout(tell, start, blocks, window), expected, rtol=1e-4, atol=1e-4)
    stepwise = unroll(tell_next, list(start.swapaxes(0, 1)), list(blocks.swapaxes(0, 1)), window)
    np.testing.assert_allclose(np.stack(stepwise, 1), expected, rtol=1e-4, atol=1e-4)


def test_the_calls_of_a_plan_of_five():
    """One frame; two; three; then the last three: each with the block that leaves its last frame."""
    seen = []

    def predict(z, blocks):
        seen.append((z[0, :, 0].tolist(), blocks[0, :, 0].tolist()))
        return z[:, -1:] + 1

    rollout(predict, jnp.zeros((1, 1, 1)), jnp.arange(10.0, 15.0)[None, :, None])
    assert seen == [
        ([0], [10]), ([0, 1], [10, 11]), ([0, 1, 2], [10, 11, 12]), ([1, 2, 3], [11, 12, 13]), ([2, 3, 4], [12, 13, 14]),
    ]  # fmt: skip


def test_a_growing_window_computes_each_frame_once():
    """1 + 1 + 1, then 3 + 3."""
    started = []

    def extend(z, block, cache):
        started.append(cache is None)
        return z, 1

    unroll(extend, [jnp.zeros((1, 1))], [None] * 5)
    assert started == [True, False, False, True, False, False, True, False, False]


@pytest.mark.parametrize("axes", ((4,), (6, 4), (2, 3, 4)))
def test_latents_of_any_shape(axes):
    start = jax.random.normal(jax.random.key(0), (5, 1, *axes))
    push = lambda z, blocks: z + blocks.mean(-1).reshape(*blocks.shape[:2], *[1] * len(axes))  # noqa: E731
    blocks = jax.random.normal(jax.random.key(1), (5, 4, 10))
    ahead = rollout(push, start, blocks)
    assert ahead.shape == (5, 4, *axes)
    np.testing.assert_allclose(ahead[:, -1], start[:, 0] + blocks.mean(-1).sum(1).reshape(5, *[1] * len(axes)), rtol=1e-5, atol=1e-5)
