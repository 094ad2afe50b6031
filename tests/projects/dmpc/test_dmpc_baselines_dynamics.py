"""Dynamics and proposals of other kinds: one interface, and each does what its kind promises."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from dmpc_tiny import KEY, KNOWN, SIZES, A, B, F, H, S, batch, drawn, dynamics, losing, proposal, rolling

from projects.dmpc.baselines import autoregressive
from projects.dmpc.baselines.single import alternated, rolled
from projects.dmpc.histories import grown, recent, steps
from projects.dmpc.interface import Policy
from projects.dmpc.models import DYNAMICS, PROPOSALS
from shared.nn.pure import pure
from shared.sharding import spec

STEPWISE = ("single_mlp", "single_diffusion", "state_mlp")
CAUSAL = ("single_mlp", "single_diffusion", "autoregressive")
ACTIONS = batch()["actions"]


def check_axes(model):
    leaves = jax.tree.leaves(jax.eval_shape(model.init, KEY))
    axes = jax.tree.leaves(model.axes, is_leaf=lambda leaf: isinstance(leaf, tuple))
    assert [len(names) for names in axes] == [leaf.ndim for leaf in leaves]
    assert all(spec(names) is not None for names in axes)


# -- what all have in common ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", DYNAMICS)
def test_dynamics_share_an_interface(name):
    model = dynamics(name)
    params = drawn(model.init)
    check_axes(model)
    states = rolling(name)(params, *KNOWN, ACTIONS, KEY)
    assert states.shape == (B, F, S) and states.dtype == jnp.float32 and np.isfinite(states).all()
    assert np.isfinite(losing(name)(params, batch(), KEY))
    assert (model.step is not None) == (name in STEPWISE)


@pytest.mark.parametrize("name", PROPOSALS)
def test_proposals_share_an_interface(name):
    """One of a whole horizon draws, and one of a single step, a policy, acts."""
    model = proposal(name)
    check_axes(model)
    params, known = drawn(model.init), [np.repeat(part[:1], 5, 0) for part in KNOWN]
    ask = jax.jit(model.act if isinstance(model, Policy) else model.draw)
    actions = ask(params, *known, KEY)
    assert actions.shape == ((5, A) if name in STEPWISE else (5, F, A)) and actions.dtype == jnp.float32
    # every candidate of a diffusion model has noise of its own; an MLP has one answer
    assert len(np.unique(np.asarray(actions).reshape(5, -1), axis=0)) == (1 if "_mlp" in name else 5)
    np.testing.assert_array_equal(actions, ask(params, *known, KEY))
    assert np.isfinite(jax.jit(model.loss)(params, batch(), KEY))


def test_a_history_that_is_too_short():
    known = {name: values[:, -1:] if name in ("history", "past") else values for name, values in batch().items()}
    for read in (lambda: recent(known["history"], known["past"], 2), lambda: steps(known, 2)):
        with pytest.raises(ValueError, match="a history of 1 states, and the model reads 2"):
            read()


@pytest.mark.parametrize("length", [1, 2, 3])
def test_steps_of_a_window_are_those_of_a_loop(length):
    """Row by row, each after what would have been its history in the episode."""
    known, rows = batch(), iter(range(B * F))
    found = steps(known, length)
    assert set(found) == {"history", "past", "actions", "states", "mask", "rewards"}
    for window in range(B):
        history, past = KNOWN[0][window : window + 1], KNOWN[1][window : window + 1]
        for t in range(F):
            row = next(rows)
            np.testing.assert_array_equal(found["history"][row], history[0, -length:])
            np.testing.assert_array_equal(found["past"][row], past[0, -length:])
            for name in ("actions", "states", "mask", "rewards"):
                np.testing.assert_array_equal(found[name][row], known[name][window, t : t + 1])
            history, past = grown(history, past, known["actions"][window, t][None], known["states"][window, t][None])


# -- dynamics ---------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", [name for name in STEPWISE if name in DYNAMICS])
def test_a_rollout_is_a_loop_over_steps(name):
    model = dynamics(name)
    params, (history, past), found = drawn(model.init), KNOWN, []
    step = jax.jit(model.step)
    for action, key in zip(ACTIONS.swapaxes(0, 1), jax.random.split(KEY, F), strict=True):
        found.append(step(params, history, past, action, key))
        history = np.concatenate([history, found[-1][:, None]], 1)  # it may grow: what is old is not read
        past = np.concatenate([past, action[:, None]], 1)
    np.testing.assert_allclose(rolling(name)(params, *KNOWN, ACTIONS, KEY), np.stack(found, 1), atol=1e-5)


@pytest.mark.parametrize("name", DYNAMICS)
def test_a_later_action_changes_no_earlier_state_but_of_a_model_in_one_shot(name):
    """A model in one shot may look ahead; with parameters that were never trained, it does."""
    params = drawn(dynamics(name).init)
    for t in range(F):
        other = ACTIONS.copy()
        other[:, t] += 1
        moved = np.abs(rolling(name)(params, *KNOWN, other, KEY) - rolling(name)(params, *KNOWN, ACTIONS, KEY)).max(-1)  # [B, F]
        assert (moved[:, t:] > 1e-6).all()
        assert (moved[:, :t] == 0).all() if name in CAUSAL else (moved[:, :t] > 1e-6).all()


def test_the_autoregressive_rollout_is_the_one_without_a_cache():
    """All of the sequence anew for every step."""
    net = pure(lambda rngs: autoregressive.Autoregressive(**SIZES.network, rngs=rngs))
    whole, params = jax.jit(net.apply), drawn(net.init)
    states, past = recent(*KNOWN, H)
    for t in range(F):
        actions = np.concatenate([past, ACTIONS[:, : t + 1]], 1)
        states = np.concatenate([states, whole(params, states, actions)[:, -1:]], 1)
    np.testing.assert_allclose(rolling("autoregressive")(params, *KNOWN, ACTIONS, KEY), states[:, H:], rtol=1e-4, atol=1e-4)


def test_at_the_start_an_autoregressive_model_says_that_nothing_moves():
    """So its loss is the mean squared change, over what was made."""
    model, known = dynamics("autoregressive"), batch()
    params = drawn(model.init) | {"head": jax.jit(lambda key: model.init(key)["head"])(KEY)}
    ahead = rolling("autoregressive")(params, *KNOWN, ACTIONS, KEY)
    np.testing.assert_allclose(ahead, np.broadcast_to(KNOWN[0][:, -1:], ahead.shape), atol=1e-6)
    before = np.concatenate([KNOWN[0][:, -1:], known["states"][:, :-1]], 1)
    wanted = (((known["states"] - before) ** 2).mean(-1) * known["mask"]).sum() / known["mask"].sum()
    assert float(losing("autoregressive")(params, known, KEY)) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("name", ["single_mlp", "multi_mlp", "autoregressive"])
def test_what_lies_behind_the_end_of_an_episode_counts_nowhere(name):
    """Of models without noise; a denoiser's answer for the steps before may depend on it, as data are padded alike in every batch."""
    known = batch()
    other = dict(known, states=known["states"] + (1 - known["mask"][..., None]), rewards=known["rewards"] + 1 - known["mask"])
    params = drawn(dynamics(name).init)
    assert float(losing(name)(params, known, KEY)) == pytest.approx(float(losing(name)(params, other, KEY)), rel=1e-6)


# -- taking turns -----------------------------------------------------------------------------------------------------------------------
def test_a_policy_and_dynamics_take_turns():
    """a = s / 2 + the action before, within bounds, and s' = s + a: by hand."""
    act = lambda history, past, key: jnp.clip(0.5 * history[:, -1, :A] + past[:, -1], -0.5, 0.5)  # noqa: E731
    step = lambda history, past, action, key: history[:, -1] + jnp.pad(action, ((0, 0), (0, S - A)))  # noqa: E731
    state, before, wanted, led = KNOWN[0][:, -1], KNOWN[1][:, -1], [], []
    for _ in range(F):
        before = np.clip(0.5 * state[:, :A] + before, -0.5, 0.5)
        state = state + np.pad(before, ((0, 0), (0, S - A)))
        wanted.append(before)
        led.append(state)
    found, states = alternated(act, step, F)(*KNOWN, KEY)
    np.testing.assert_allclose(found, np.stack(wanted, 1), rtol=1e-5)
    np.testing.assert_allclose(states, np.stack(led, 1), rtol=1e-5)
    rolling = rolled(lambda params, history, past, action, key: step(history, past, action, key))
    np.testing.assert_allclose(rolling({}, *KNOWN, found, KEY)[:, -1], state, rtol=1e-5)
