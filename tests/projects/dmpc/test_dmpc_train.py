"""Training a part of the planner: what is held out, what is kept, and that a training goes on after a kill."""

import signal
from dataclasses import replace

import helpers
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from dmpc_agents import NAMES, SMALL, compute, tiny, untrained
from dmpc_world import SPEC, plan, transitions
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.dmpc import train
from projects.dmpc.parts import part
from projects.dmpc.trained import agent, load
from projects.dmpc.transitions import read
from projects.dmpc.units import scales, stats
from projects.dmpc.windows import Windows
from shared import fit
from shared.errors import BadInput
from shared.rundir import RunDir

UNREAD = ("model__value_layers", "model__hidden")  # by dynamics
DYNAMICS = {"train__part": "dynamics"} | {name: value for name, value in SMALL.items() if name not in UNREAD}


# -- what is held out -------------------------------------------------------------------------------------------------------------------
@given(st.lists(st.integers(1, 9), min_size=2, max_size=40), st.floats(0.01, 0.99))
@settings(max_examples=50, deadline=None)
def test_whole_episodes_are_held_out_evenly(lengths, share):
    data = transitions([(length, True) for length in lengths])
    training, unseen = train.split(data, share)
    np.testing.assert_array_equal(np.sort(np.concatenate([training, unseen])), np.arange(len(data)))
    episode = data.observations[:, 0].astype(int)
    kept, held = set(episode[training]), set(episode[unseen])
    assert kept and held and not kept & held
    assert abs(len(held) - share * len(lengths)) <= 1
    gaps = np.diff(sorted(held))
    assert not len(gaps) or np.ptp(gaps) <= 1  # evenly


def test_a_single_episode_cannot_be_split():
    with pytest.raises(BadInput, match="a single episode"):
        train.split(transitions([(30, False)]), 0.1)


@pytest.fixture
def windows():
    return Windows(transitions([(12, True), (9, False), (20, True), (15, False)]), tiny().windows)


def test_a_batch_is_a_function_of_seed_and_step_and_begins_where_it_may(windows):
    training, unseen = train.split(windows.transitions, 0.25)
    made = train.batch(windows.at, training, 64, 5)
    for name, values in made(3).items():
        np.testing.assert_array_equal(values, train.batch(windows.at, training, 64, 5)(3)[name])
    assert not np.array_equal(made(3)["states"], made(4)["states"])
    assert not np.array_equal(made(3)["states"], train.batch(windows.at, training, 64, 6)(3)["states"])
    episode = windows.states.denormalise(made(3)["history"])[:, -1, 0].round()
    assert not {*episode} & {*windows.transitions.observations[unseen, 0]} and len({*episode}) == 3


def test_held_out_windows_come_in_batches_of_the_training_s_size(windows):
    rows = np.arange(10, 40)
    few, many = train.held_out(windows.at, rows, 12, 8), train.held_out(windows.at, rows, 1_000, 8)
    assert few["value"].shape == (1, 8) and many["value"].shape == (3, 8) and many["past"].shape == (3, 8, 2, 2)
    np.testing.assert_array_equal(many["value"].ravel()[:24], windows.values[rows[np.arange(24)]])
    assert train.held_out(windows.at, rows[:3], 1_000, 8)["value"].shape == (1, 3)


# -- what is learned --------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ("proposal", "dynamics"))
def test_what_lies_behind_the_end_of_an_episode_is_not_asked(name, windows):
    """A head of zeros says x0 = 0: the loss is the mean square of what counts."""
    model = part(tiny(train__part=name))
    batch = windows.at(np.array([9, 11, 25]))
    variables = model.init(jax.random.key(0), stats(windows))
    target = batch["actions" if name == "proposal" else "states"]
    wanted = ((target**2).mean(-1) * batch["mask"]).sum() / batch["mask"].sum()
    assert 0 < batch["mask"].mean() < 1
    assert float(jax.jit(model.loss)(variables, batch, jax.random.key(1))) == pytest.approx(float(wanted), rel=1e-5)


def test_a_part_is_asked_in_the_environment_s_units():
    """Scales that change with the units leave its answers as they are."""
    one = untrained("value")
    rng = np.random.default_rng(0)
    now, states, actions = (rng.normal(size=shape).astype(np.float32) for shape in ((3, 4), (3, 4, 4), (3, 4, 2)))
    known = one.variables["stats"]
    scaled = {name: jax.tree.map(lambda leaf: 10 * leaf, values) for name, values in known.items()}
    worth = jax.jit(one.part.worth)
    tenfold = worth(one.variables | {"stats": scaled}, 10 * now, 10 * states, 10 * actions)
    np.testing.assert_allclose(tenfold, 10 * worth(one.variables, now, states, actions), rtol=1e-3)


def test_the_rate_rises_and_falls():
    settings = tiny(optim__lr=1e-2, optim__final_lr=1e-3, optim__warmup=10, train__steps=100)
    rule = train.optimizer(settings.optim, 1e-2, 100)
    weights, gradient = {"w": jnp.zeros(())}, {"w": jnp.float32(0.5)}  # of a steady gradient, Adam's step is the rate

    def one(state, _):
        update, state = rule.update(gradient, state, weights)
        return state, -update["w"]

    rates = np.asarray(jax.lax.scan(one, rule.init(weights), length=100)[1])
    np.testing.assert_allclose(rates[[0, 9, 99]], [1.9e-3, 1e-2, 1e-3], rtol=0.05)
    assert (np.diff(rates[:10]) > 0).all() and (np.diff(rates[10:]) < 1e-8).all()


# -- putting parts together -------------------------------------------------------------------------------------------------------------
PLAN = tiny().plan


def trained(**changes):
    return {name: untrained(name, **changes) for name in NAMES}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"windows__horizon": 5}, "windows.horizon=5 and the proposal run-proposal has 4"),
        ({"env__name": "hopper"}, "env.name=hopper and the proposal run-proposal has ring"),
    ],
)
def test_parts_that_do_not_belong_together_are_one_line(changes, said):
    with pytest.raises(BadInput, match=said) as error:
        agent(trained() | {"dynamics": untrained("dynamics", **changes)}, PLAN)
    assert "\n" not in str(error.value)


def test_other_simulators_and_other_parts_too():
    hopper = {"env__name": "hopper", "env__version": "v4"}
    with pytest.raises(BadInput, match="env.version=v5"):
        agent(trained(**hopper) | {"value": untrained("value", **hopper | {"env__version": "v5"})}, PLAN)
    with pytest.raises(BadInput, match="run-value is a value and no dynamics: train one with --config.train.part=dynamics"):
        agent(trained() | {"dynamics": untrained("value")}, PLAN)


def test_parts_may_read_histories_of_their_own_and_a_value_may_be_left_out():
    made, variables = agent(trained() | {"proposal": untrained("proposal", windows__history=1)}, PLAN)
    assert made.history == 2 and set(variables) == set(made.parts) == set(NAMES)
    parts = {name: untrained(name) for name in NAMES[:2]}
    assert set(agent(parts, PLAN)[0].abstract) == {"proposal", "dynamics"}


def test_what_is_no_part_is_one_line(tmp_path):
    with pytest.raises(BadInput, match="no trained part of a planner"):
        load(RunDir(tmp_path))


# -- from end to end --------------------------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_the_mean_of_the_weights_is_kept_with_the_scales_of_the_data(monkeypatch):
    run = compute("train", **(DYNAMICS | {"train__steps": 4, "optim__ema": 0.5}))
    kept, seen = load(run.dir), []
    monkeypatch.setattr(train, "fit", lambda task, schedule, run: seen.append((task, run.hyper)))
    run.dir.update(state="failed")
    helpers.work([run])
    ((task, hyper),) = seen
    hyper = {name: jnp.asarray(values) for name, values in hyper.items()}
    init, step = fit.build(replace(task, ema=None), 1)
    state, weights = jax.jit(init)(hyper), []
    advance = jax.jit(step)
    for number in range(4):
        state, _ = advance(state, task.batch(number), hyper)
        weights.append(state["params"]["weights"])
    shares = np.array([1, 2, 4, 8]) / 15
    mean = jax.tree.map(lambda *leaves: sum(share * leaf[0] for share, leaf in zip(shares, leaves, strict=True)), *weights)
    for (path, mine), wanted in zip(jax.tree.leaves_with_path(kept.variables["weights"]), jax.tree.leaves(mean), strict=True):
        if "key" in (name := jax.tree_util.keystr(path)) and "bias" in name:
            continue  # softmax cancels a bias of all keys: its gradient is rounding, which Adam brings to the size of any other
        np.testing.assert_allclose(mine, wanted, rtol=1e-3, atol=1e-5, err_msg=name)
    data = read(RunDir(helpers.directory(run, run.needs["data"][0])).path / "tables" / "transitions.h5", SPEC)
    windows = Windows(data, kept.config.windows)
    for mine, wanted in zip(scales(kept.variables), (windows.states, windows.actions), strict=True):
        np.testing.assert_allclose(mine.mean, wanted.mean, rtol=1e-6)
        np.testing.assert_allclose(mine.std, wanted.std, rtol=1e-6)
    assert float(kept.variables["stats"]["value"]) == pytest.approx(windows.value_scale)


# -- after a kill -----------------------------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_a_killed_training_goes_on_as_if_nothing_had_been(tmp_path, monkeypatch):
    """Rows, final numbers, weights and scales."""
    wanted = lambda: plan("train", **(DYNAMICS | {"train__steps": 12}))  # noqa: E731
    helpers.check_kills(wanted, lambda run: load(run).variables, (signal.SIGKILL, signal.SIGTERM), tmp_path, monkeypatch)
