"""The joint model: what is given stays, what is masked counts nowhere, and a value pulls windows its way."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from dmpc_tiny import KEY, KNOWN, SAMPLER, SIZES, A, B, F, S, batch, drawn

from projects.dmpc.baselines.joint import apart, guided, joined, joint
from projects.dmpc.value import value
from shared.diffusion import ddim, process
from shared.sharding import spec

CLIP = 0.5
MODEL = joint(SIZES, replace(SAMPLER, clip=CLIP))
PARAMS = drawn(MODEL.init)
J = value(state=S, action=A, horizon=F, **SIZES.body)
WORTH = partial(J.apply, drawn(J.init, 1))
DRAW = jax.jit(lambda scale: MODEL.draw(PARAMS, KNOWN[0], KEY, WORTH, scale))
PLAIN = jax.jit(lambda history: MODEL.draw(PARAMS, history, KEY))


def test_candidates_are_actions_and_states():
    actions, states = PLAIN(KNOWN[0])
    assert actions.shape == (B, F, A) and states.shape == (B, F, S) and actions.dtype == states.dtype == jnp.float32
    assert np.abs(actions).max() == CLIP < np.abs(states).max()  # states have no bounds
    axes = jax.tree.leaves(MODEL.axes, is_leaf=lambda leaf: isinstance(leaf, tuple))
    assert all(spec(names) is not None for names in axes) and len(axes) == len(jax.tree.leaves(PARAMS))


def test_a_window_comes_apart_as_it_was_joined():
    known = batch()
    parts = known["history"][:, -1], known["states"], known["actions"]
    window = joined(*parts)
    assert window.shape == (B, F + 1, S + A) and not np.any(window[:, -1, S:])
    for one, other in zip(parts, apart(window, S), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_given_state_stays_and_matters():
    """At every step the value is asked about windows from s_t on, whatever its slope at s_t; and from another s_t, all else follows."""
    seen = []

    def worth(state, states, actions):
        jax.debug.callback(seen.append, state)
        return 100 * jnp.sum(state, -1) + WORTH(state, states, actions)

    jax.block_until_ready(jax.jit(lambda: MODEL.draw(PARAMS, KNOWN[0], KEY, worth, 1.0))())
    jax.effects_barrier()
    assert len(seen) >= SAMPLER.steps
    for state in seen:
        np.testing.assert_array_equal(state, KNOWN[0][:, -1])
    np.testing.assert_array_equal(PLAIN(KNOWN[0])[0], PLAIN(KNOWN[0] + (np.arange(3) < 2)[:, None])[0])  # of older ones nothing is read
    for one, other in zip(PLAIN(KNOWN[0]), PLAIN(KNOWN[0] + 1), strict=True):
        assert np.abs(one - other).max() > 1e-3


def test_the_loss_counts_what_was_made_and_not_given():
    """A network that says nothing is wrong by the mean square of clean data, of all numbers of the steps that were made."""
    known, params = batch(), {**PARAMS, "head": jax.tree.map(np.zeros_like, PARAMS["head"])}
    other = {name: known[name] + 9 * (1 - known["mask"][..., None]) for name in ("states", "actions")}
    program, squares = jax.jit(MODEL.loss), (known["states"] ** 2).sum(-1) + (known["actions"] ** 2).sum(-1)
    wanted = (squares * known["mask"]).sum() / known["mask"].sum() / (S + A)
    for seen in (known, known | other):
        assert float(program(params, seen, KEY)) == pytest.approx(wanted, rel=1e-5)


def test_the_network_never_sees_noise_where_something_is_given():
    """Of s_t and the last action the noise changes nothing: a network that says what it sees there would betray it."""
    seen = []

    class Spy:
        def apply(self, params, x, k):
            seen.append(x)
            return jnp.zeros_like(x)

    spied = replace(MODEL, net=Spy())
    spied.loss(PARAMS, batch(), KEY)
    np.testing.assert_array_equal(seen[0][:, 0, :S], KNOWN[0][:, -1])
    assert not np.any(seen[0][:, -1, S:]) and np.all(seen[0][:, 1:, :S] != batch()["states"])


# -- guidance ---------------------------------------------------------------------------------------------------------------------------
def test_guidance_of_scale_zero_is_none():
    for guided_ones, plain in zip(DRAW(0.0), PLAIN(KNOWN[0]), strict=True):
        np.testing.assert_allclose(guided_ones, plain, rtol=1e-6, atol=1e-6)


def test_guidance_moves_the_value_upwards():
    """The candidates of the same noise, more and more."""
    judge = jax.jit(lambda actions, states: WORTH(KNOWN[0][:, -1], states, actions).mean())
    worth = [float(judge(*DRAW(scale))) for scale in (-30.0, 0.0, 30.0)]
    assert worth[0] + 1e-4 < worth[1] < worth[2] - 1e-4


def test_guided_standard_normal_data_move_by_the_slope():
    """Data N(0, 1) whose likelihood is raised by exp(scale * slope x) are N(scale * slope, 1): the same noise ends up that much further."""
    levels, scale, slope = process("cosine", 1000, "x0"), 0.7, np.float32([1.0, -2.0])
    denoise = lambda x, k: levels.amplitudes(k, x)[0] * x  # noqa: E731
    noise = jax.random.normal(KEY, (50, 2))
    plain = ddim(levels, denoise, noise, 200)
    moved = ddim(levels, guided(denoise, levels, lambda x: x @ slope, scale), noise, 200)
    np.testing.assert_allclose(moved - plain, np.broadcast_to(scale * slope, plain.shape), atol=1e-2)
