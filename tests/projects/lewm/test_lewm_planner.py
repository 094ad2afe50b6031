"""A plan leads the model to the goal, and is the same in any company, compiled once."""

from functools import partial

import chex
import jax
import jax.numpy as jnp
import lewm_world
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lewm_points import WIDE, Points, keys, picture, plan

from projects.lewm import planner as module
from projects.lewm.model import build
from projects.lewm.planner import parts, planner, terminal_cost
from projects.lewm.rollout import rollout

STARTS = np.array([[100, 120], [128, 128], [140, 90], [90, 90], [128, 150]])
GOALS = np.array([[128, 128], [128, 128], [110, 130], [120, 100], [90, 150]])
SPEED = {"speed": jnp.float32(2.0)}
NONE = np.zeros((5, 0, 10), np.float32)  # no blocks before the start


def planned(model, variables=SPEED, order=range(5), past=NONE, frames=None, **changes):
    find = planner(model, plan(**changes), 3, -WIDE, WIDE)
    order = list(order)
    frames = picture(STARTS)[:, None] if frames is None else frames
    return find(variables, frames[order], past[order], picture(GOALS)[order], keys(5)[jnp.array(order)])


def reached(blocks) -> np.ndarray:
    return STARTS + 2.0 * np.asarray(blocks).reshape(len(blocks), -1, 2).sum(1)


@pytest.mark.parametrize("axes", ((), (3,), (2, 3)))
def test_a_plan_reaches_the_goal(axes):
    plans = planned(Points(axes), iterations=30)
    assert plans.blocks.shape == (5, 3, 10) and plans.costs.shape == (5, 30)
    np.testing.assert_allclose(reached(plans.blocks), GOALS, atol=1.0)
    assert (plans.costs[:, -1] < 1.0 * np.prod(axes)).all()


@pytest.mark.parametrize("solver", ("icem", "adam"))
def test_so_does_another_solver(solver):
    plans = planned(Points(), solver=solver, iterations=60)
    np.testing.assert_allclose(reached(plans.blocks), GOALS, atol=3.0)


def test_bounds_of_actions_reach_the_solver_that_respects_them():
    find = planner(Points(), plan(solver="icem"), 3, jnp.full(10, -0.25), jnp.full(10, 0.5))
    blocks = find(SPEED, picture(STARTS)[:, None], NONE, picture(GOALS), keys(5)).blocks
    assert blocks.min() >= -0.25 and blocks.max() <= 0.5 and blocks.max() > 0.4


def test_plans_do_not_depend_on_company():
    together = planned(Points()).blocks
    np.testing.assert_array_equal(planned(Points(), order=(3, 0, 4)).blocks, together[jnp.array([3, 0, 4])])
    np.testing.assert_array_equal(planned(Points(), order=(2,)).blocks, together[2:3])


def test_other_plans_and_other_weights_need_no_new_program():
    chex.clear_trace_counter()

    class Counted(Points):
        @chex.assert_max_traces(n=2)  # the start and the goal, once each
        def encode(self, variables, frames):
            return super().encode(variables, frames)

    find = planner(Counted(), plan(), 3, -WIDE, WIDE)
    for seed in range(3):
        find({"speed": jnp.float32(seed)}, picture(STARTS + seed)[:, None], NONE, picture(GOALS), keys(5, seed))


def test_frames_and_blocks_of_the_past_count():
    """A model that remembers the speed it had: the same picture, after different pasts."""

    class Momentum(Points):
        def extend(self, variables, z, modulations, past):
            speed = modulations[0] + (0 if past is None else past)
            return z + speed, speed

    past = np.zeros((5, 2, 10), np.float32)
    past[:, 1, :2] = 4  # seen by the first prediction, which has the past in its window
    frames = np.repeat(picture(STARTS)[:, None], 3, 1)
    cost = lambda past: terminal_cost(Momentum(), SPEED, jnp.zeros((3, 2)), past, jnp.zeros(2), 3)(jnp.zeros((4, 1, 10)))  # noqa: E731
    np.testing.assert_allclose(cost(past[0]), 128)
    np.testing.assert_allclose(cost(past[0] * 0), 0)
    assert planned(Momentum(), past=past, frames=frames).blocks.shape == (5, 3, 10)


def test_costs_of_a_half_precision_model_are_not():
    class Half(Points):
        def extend(self, variables, z, modulations, past):
            return (z + modulations[0]).astype(jnp.bfloat16), past

    plans = planned(Half())
    assert plans.costs.dtype == jnp.float32 and bool(jnp.isfinite(plans.blocks).all())
    there = terminal_cost(Half(), SPEED, jnp.ones((1, 2)), jnp.zeros((0, 10)), jnp.full(2, 1.001), 3)(jnp.zeros((1, 1, 10)))
    assert float(there[0]) == pytest.approx(2e-6, rel=1e-2)  # 1.001 is no number of bfloat16


def test_a_model_that_has_lost_its_numbers_still_gives_a_plan():
    plans = planned(Points(), {"speed": jnp.float32(jnp.nan)})
    assert bool(jnp.isfinite(plans.blocks).all()) and bool(jnp.isinf(plans.costs).all())


def test_a_longer_horizon_slides_its_window():
    """Five steps of a window of three: the cost is that of the last prediction, as `rollout` gives it."""
    plans = jax.random.normal(jax.random.key(0), (7, 5, 10))
    cost = terminal_cost(Points(), SPEED, jnp.ones((1, 2)), jnp.zeros((0, 10)), jnp.zeros(2), 3)(plans)
    predict = lambda z, blocks: z + Points().modulations(SPEED, blocks)[0]  # noqa: E731
    last = rollout(predict, jnp.ones((7, 1, 2)), plans)[:, -1]
    np.testing.assert_allclose(cost, (last**2).sum(-1), rtol=1e-5)


@pytest.mark.parametrize("changes", ({}, {"latent__tokens": "patches"}, {"predictor__width": 12}, {"clips__history": 2}))
def test_costs_of_a_trained_model_s_kind_are_those_of_its_rollouts(changes):
    """Frame by frame through its cache, against whole windows that share nothing."""
    settings = lewm_world.config(**changes)
    model = build(settings)
    rng = np.random.default_rng(0)  # gates are zero at the start: a model that ignores actions would hide mistakes
    variables = jax.tree.map(lambda leaf: leaf + np.float32(0.2 * rng.random(leaf.shape)), model.init(jax.random.key(0)))
    frames = jax.random.uniform(jax.random.key(2), (2, 1, 16, 16, 3))
    (start, goal), plans = model.encode(variables, frames), jax.random.normal(jax.random.key(3), (6, 5, 10))
    window = settings.clips.history
    cost = jax.jit(terminal_cost(model, variables, start, jnp.zeros((0, 10)), goal[0], window))(plans)
    whole = jax.jit(lambda plans: rollout(partial(model.predict, variables), jnp.broadcast_to(start, (6, *start.shape)), plans, window))
    expected = ((whole(plans)[:, -1] - goal[0]) ** 2).reshape(6, -1).sum(-1)
    np.testing.assert_allclose(cost, expected, rtol=1e-3)
    assert len(np.unique(np.round(cost, 4))) == 6  # actions matter


@given(samples=st.integers(1, 400), places=st.integers(1, 300))
def test_parts_are_equal_and_small_and_no_more_than_that_takes(samples, places):
    count = parts(samples, places)
    size = samples // count
    assert size * count == samples and (size * places <= module.TOKENS or size == 1)
    larger = [other for other in range(size + 1, samples + 1) if samples % other == 0]
    assert all(other * places > module.TOKENS for other in larger)


def test_samples_have_the_same_cost_in_parts(monkeypatch):
    config = lewm_world.config(latent__tokens="patches")
    model = build(config)
    variables = model.init(jax.random.key(0))
    start, goal = jax.random.normal(jax.random.key(1), (2, 4, 8))
    plans = jax.random.normal(jax.random.key(2), (12, 3, 10))
    together, apart = [], []
    for tokens, costs in ((48, together), (8, apart)):
        monkeypatch.setattr(module, "TOKENS", tokens)
        costs.append(terminal_cost(model, variables, start[None], jnp.zeros((0, 10)), goal, 3)(plans))
    np.testing.assert_allclose(apart[0], together[0], rtol=1e-5)
