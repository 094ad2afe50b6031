"""Dynamics and proposals of other kinds: one interface, and each does what its kind promises."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from dmpc_tiny import HIGH, KEY, KNOWN, LOW, SAMPLER, SIZES, A, B, F, H, S, batch, drawn, dynamics, losing, proposed, rolling

from projects.dmpc.baselines import DYNAMICS, PROPOSALS, autoregressive, proposal
from projects.dmpc.baselines.histories import grown, recent, steps
from projects.dmpc.baselines.interface import Policy
from projects.dmpc.baselines.single import alternated, rolled
from shared.nn.pure import pure
from shared.sharding import spec

STEPWISE = ("single_mlp", "single_diffusion")
CAUSAL = (*STEPWISE, "autoregressive")
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


@pytest.mark.parametrize("name, step", zip(PROPOSALS, ("single_diffusion", "single_mlp", "single_mlp"), strict=True))
def test_proposals_share_an_interface(name, step):
    model = proposed(name, step)
    check_axes(model)
    params = {"proposal": drawn(model.init), "step": drawn(dynamics(step).init, 1)}
    known = [np.repeat(part[:1], 5, 0) for part in KNOWN]
    draw = jax.jit(model.draw)
    actions = draw(params, *known, KEY)
    assert actions.shape == (5, F, A) and actions.dtype == jnp.float32
    assert len(np.unique(np.asarray(actions).reshape(5, -1), axis=0)) == 5  # every candidate has noise of its own
    np.testing.assert_array_equal(actions, draw(params, *known, KEY))
    if name != "multi_diffusion":
        assert (actions >= LOW).all() and (actions <= HIGH).all()
    assert np.isfinite(jax.jit(model.loss)(params["proposal"], batch(), KEY))


def test_names_that_are_not_known():
    for name, step, complaint in (("cem", None, "one of single_mlp"), ("single_mlp", None, "takes turns with dynamics of one step")):
        with pytest.raises(ValueError, match=complaint):
            proposal(name, SIZES, SAMPLER, step, 0.0, LOW, HIGH)


def test_a_history_that_is_too_short():
    with pytest.raises(ValueError, match="a history of 1 states, and the model reads 2"):
        recent(KNOWN[0][:, -1:], KNOWN[1][:, :0], 2)


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
            np.testing.assert_array_equal(found["past"][row], past[0, past.shape[1] - length + 1 :])
            for name in ("actions", "states", "mask", "rewards"):
                np.testing.assert_array_equal(found[name][row], known[name][window, t : t + 1])
            history, past = grown(history, past, known["actions"][window, t][None], known["states"][window, t][None])


# -- dynamics ---------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", STEPWISE)
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
    act = lambda params, history, past, key: params * history[:, -1, :A] + past[:, -1]  # noqa: E731
    step = lambda params, history, past, action, key: history[:, -1] + params * jnp.pad(action, ((0, 0), (0, S - A)))  # noqa: E731
    model = alternated(Policy(None, None, None, act), step, F, LOW, HIGH)
    state, before, wanted = KNOWN[0][:, -1], KNOWN[1][:, -1], []
    for _ in range(F):
        before = np.clip(0.5 * state[:, :A] + before, LOW, HIGH)
        state = state + np.pad(before, ((0, 0), (0, S - A)))
        wanted.append(before)
    found = model.draw({"proposal": 0.5, "step": 1.0}, *KNOWN, KEY)
    np.testing.assert_allclose(found, np.stack(wanted, 1), rtol=1e-5)
    np.testing.assert_allclose(rolled(step)(1.0, *KNOWN, found, KEY)[:, -1], state, rtol=1e-5)


def test_without_noise_an_mlp_has_one_proposal():
    model = proposed("single_mlp", noise=0.0)
    params = {"proposal": drawn(model.init), "step": drawn(dynamics("single_mlp").init, 1)}
    actions = np.asarray(jax.jit(model.draw)(params, *(np.repeat(part[:1], 4, 0) for part in KNOWN), KEY))
    np.testing.assert_allclose(actions, np.broadcast_to(actions[:1], actions.shape), atol=1e-6)
