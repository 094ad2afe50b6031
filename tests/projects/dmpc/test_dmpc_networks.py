"""The networks of D-MPC: rho, p_d and J."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from projects.dmpc.denoisers import dynamics, proposal
from projects.dmpc.tokens import Tokens
from projects.dmpc.value import value
from shared.nn.pure import pure
from shared.sharding import spec

KEY = jax.random.key(0)
B, S, A, H, F = 3, 5, 2, 2, 4
BODY = {"width": 8, "heads": 2, "head_dim": 6, "mlp_width": 16, "layers": 1}
PUBLISHED = {"width": 256, "heads": 8, "head_dim": 128, "mlp_width": 2048}  # Walker2d: 17 numbers of state, 6 of action


@cache
def net(name, **changes):
    sizes = {"state": S, "action": A, "horizon": F} | BODY | changes
    return {"proposal": proposal, "dynamics": dynamics, "value": value}[name](**sizes, **({} if name == "value" else {"history": H}))


@cache
def params(name):
    """None of them zero, the head least of all."""
    numbers = np.random.default_rng(0)
    return jax.tree.map(lambda leaf: np.float32(0.5 * numbers.normal(size=leaf.shape)), jax.eval_shape(net(name).init, KEY))


@cache
def program(name):
    return jax.jit(net(name).apply)


LEVELS = np.array([0, 7, 999])
STATES, PAST, ACTIONS, FUTURE = (
    np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32) for shape in ((B, H, S), (B, H - 1, A), (B, F, A), (B, F, S))
)
INPUTS = {"proposal": (ACTIONS, LEVELS, STATES, PAST), "dynamics": (FUTURE, LEVELS, STATES, PAST, ACTIONS),
          "value": (STATES[:, -1], FUTURE, ACTIONS)}  # fmt: skip
SHAPES = {"proposal": (B, F, A), "dynamics": (B, F, S), "value": (B,)}


def out(name, *inputs):
    return np.asarray(program(name)(params(name), *inputs))


@pytest.mark.parametrize("build, layers, size", [(proposal, 5, 10_543_878), (dynamics, 5, 10_559_505), (value, 10, 21_074_689)])
def test_they_have_the_published_sizes(build, layers, size):
    """10.54, 10.56 and 21.07 million with a history of one state."""
    history = {} if build is value else {"history": 1}
    model = build(state=17, action=6, horizon=32, layers=layers, **history, **PUBLISHED)
    assert sum(leaf.size for leaf in jax.tree.leaves(jax.eval_shape(model.init, KEY))) == size
    assert round(size / 1e6, 1) == {proposal: 10.5, dynamics: 10.6, value: 21.1}[build]


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_shapes_and_float32(name, dtype):
    model = net(name, dtype=dtype)
    y = jax.eval_shape(model.apply, jax.eval_shape(model.init, KEY), *INPUTS[name])
    assert y.shape == SHAPES[name] and y.dtype == jnp.float32


@pytest.mark.parametrize("name", SHAPES)
def test_every_parameter_names_its_axes(name):
    leaves = jax.tree.leaves(params(name))
    axes = jax.tree.leaves(net(name).axes, is_leaf=lambda leaf: isinstance(leaf, tuple))
    assert [len(names) for names in axes] == [len(leaf.shape) for leaf in leaves]
    assert all(spec(names) is not None for names in axes)


@pytest.mark.parametrize("name", ["proposal", "dynamics"])
def test_a_denoiser_starts_by_saying_zero(name):
    np.testing.assert_array_equal(program(name)(net(name).init(KEY), *INPUTS[name]), 0)


@pytest.mark.parametrize("name", SHAPES)
def test_a_row_knows_nothing_of_its_neighbours(name):
    alone = out(name, *(array[1:2] for array in INPUTS[name]))
    np.testing.assert_allclose(out(name, *INPUTS[name])[1:2], alone, atol=1e-5)


@pytest.mark.parametrize("name", SHAPES)
def test_every_number_that_goes_in_reaches_what_comes_out(name):
    """Each state and action of the history and of the window, at each time; the noise level is tested below."""
    floats = [index for index, array in enumerate(INPUTS[name]) if array.dtype == np.float32]

    def total(*inputs):
        return jnp.sum(jnp.sin(3 * net(name).apply(params(name), *inputs)))

    for slope in jax.jit(jax.grad(total, floats))(*INPUTS[name]):
        assert (abs(slope) > 1e-6).all()


@pytest.mark.parametrize("name", ["proposal", "dynamics"])
def test_the_noise_level_matters(name):
    x, _, *given = INPUTS[name]
    assert abs(out(name, x, LEVELS, *given) - out(name, x, LEVELS + 1, *given)).min() > 1e-5


def test_the_order_of_actions_matters():
    """To the states that follow them, to their value, and among noisy ones."""
    turned = ACTIONS[:, ::-1]
    assert abs(out("dynamics", *INPUTS["dynamics"]) - out("dynamics", *INPUTS["dynamics"][:-1], turned)).min() > 1e-5
    assert abs(out("value", *INPUTS["value"]) - out("value", *INPUTS["value"][:-1], turned)).min() > 1e-5
    straight, back = out("proposal", *INPUTS["proposal"]), out("proposal", turned, *INPUTS["proposal"][1:])
    assert abs(straight[:, ::-1] - back).max((1, 2)).min() > 1e-3  # without times, turning would commute


def test_without_a_history_no_parameter_waits_for_past_actions():
    model = proposal(state=S, action=A, history=1, horizon=F, **BODY)
    abstract = jax.eval_shape(model.init, KEY)
    assert set(abstract["history"]) == {"states"}
    y = jax.eval_shape(model.apply, abstract, ACTIONS, LEVELS, STATES[:, -1:], PAST[:, :0])
    assert y.shape == (B, F, A)


def test_the_value_is_read_at_its_token_and_not_pooled():
    """Where attention is silent, the token has met no other: whatever the window, its answer is the same. A mean over tokens would move."""
    silent = jax.tree_util.tree_map_with_path(lambda path, leaf: 0 * leaf if "'attention'" in str(path) else leaf, params("value"))
    answers = program("value")(silent, *INPUTS["value"])
    np.testing.assert_array_equal(answers, answers[0])  # three windows
    assert np.ptp(out("value", *INPUTS["value"])) > 1e-3


def test_tokens_of_equal_vectors_differ_by_their_time_alone_and_times_are_absolute():
    model = pure(lambda rngs: Tokens(S, H + F, 8, rngs, "float32"))
    drawn, same = model.init(KEY), jnp.ones((1, F, S))
    early, late = (np.asarray(model.apply(drawn, same, first)[0]) for first in (0, 1))
    np.testing.assert_allclose(early[1:], late[:-1], atol=1e-6)
    apart = np.linalg.norm(early[:, None] - early[None], axis=-1) + np.eye(F)
    assert apart.min() > 0.1
