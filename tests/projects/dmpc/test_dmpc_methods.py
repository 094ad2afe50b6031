"""Every method as a run: what it is made of is trained, it plays its episodes from the same states, and its error is a table."""

from dataclasses import replace

import helpers
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from dmpc_agents import NAMES, SMALL, compute, tiny, untrained
from dmpc_world import transitions

from projects.dmpc import error, evaluate, objectives, trained
from projects.dmpc.envs import environments
from projects.dmpc.units import plain
from projects.dmpc.windows import Windows
from shared.errors import BadInput
from shared.rundir import RunDir

MLPS = {"model__proposal": "single_mlp", "model__dynamics": "single_mlp"}
METHODS = {  # parts, choices
    "dmpc": (NAMES, {}),
    "policy": (("proposal",), {"plan__candidates": 1}),
    "cloning": (("proposal",), {"plan__candidates": 1, "model__proposal": "state_mlp"}),
    "mbop": (("proposal", "dynamics", "truncated"), {"plan__kind": "mbop", **MLPS}),
    "guided": (("joint", "value"), {"plan__kind": "guided"}),
    "simulated": (("proposal", "value"), {"plan__kind": "simulated"}),
    "mlps": (NAMES, MLPS),
    "autoregressive": (NAMES, {"model__dynamics": "autoregressive"}),
}


def played(name, episodes=2):
    """Two steps of each episode, by untrained networks."""
    parts, choices = METHODS[name]
    settings = tiny(entry="evaluate", **choices)
    agent, variables = trained.agent({part: untrained(part, **choices) for part in parts}, settings.plan)
    worlds = environments(settings.env, episodes)
    worlds.spec = replace(worlds.spec, limit=2)
    return evaluate.evaluate(settings, worlds, agent, variables, objectives.of(settings.objective, "ring", agent))


@pytest.mark.parametrize("name", [name for name in METHODS if name != "dmpc"])
def test_every_method_starts_its_episodes_in_the_same_states(name):
    """So that two of them can be compared in pairs."""
    (numbers, arrays), (_, other) = played(name), played("dmpc", 1)
    np.testing.assert_array_equal(arrays["observations"][0], other["observations"][0])
    assert arrays["lengths"].tolist() == [2, 2] and np.abs(arrays["actions"]).max() <= 1 and numbers["plan_ms"] > 0
    scored = {"policy": False, "cloning": False}.get(name, True)
    assert ("scores" in arrays) == scored and ("achieved" in numbers) == (scored and name != "mbop")


# -- the dynamics' error ----------------------------------------------------------------------------------------------------------------
class Knows:
    """Dynamics of `transitions`, whose second number counts the steps of an episode, but late by `lag` steps."""

    def __init__(self, lag):
        self.lag = lag

    def predict(self, variables, history, past, actions, key, steps):
        ahead = jnp.arange(1, actions.shape[1] + 1)[:, None] * jnp.array([0.0, 1.0, 0.0, 0.0])
        return history[:, -1:] + ahead - self.lag * jnp.array([0.0, 1.0, 0.0, 0.0])


def straight(lengths):
    """Episodes in which nothing but the count of the steps changes."""
    data = transitions([(length, False) for length in lengths])
    for states in (data.observations, data.next_observations):
        states[:, 2:] = 0
    return data


def off_by(lag, lengths=(9, 12, 30, 6), count=100):
    settings = tiny(train__part="dynamics", train__validation=0.5)
    stats = plain(4, 2)
    stats["states"]["std"] = jnp.array([1.0, 2.0, 1.0, 1.0])
    return error.errors(trained.Trained("run", settings, Knows(lag), {"stats": stats}), straight(lengths), count, 1)


def test_errors_are_in_standard_deviations_of_the_training_by_step():
    """One of four numbers is off by 3, two standard deviations of 2: sqrt((3 / 2)^2 / 4) in every step. Who stands still is off by a step
    more in each."""
    found = off_by(3.0)
    np.testing.assert_allclose(found["rmse"], 0.75, rtol=1e-4)
    np.testing.assert_allclose(found["median"], 0.75, rtol=1e-4)
    np.testing.assert_allclose(found["still"], 0.25 * np.arange(1, 5), rtol=1e-4)
    np.testing.assert_allclose(off_by(0.0)["rmse"], 0, atol=1e-4)


def test_errors_are_of_whole_windows_of_held_out_episodes():
    """Of four episodes two are held out, the second and the last: of 12 and 6 steps, 9 and 3 windows of 4."""
    assert off_by(0.0)["windows"].tolist() == [12] * 4
    assert off_by(0.0, count=5)["windows"].tolist() == [5] * 4
    with pytest.raises(BadInput, match="no held-out episode has windows.horizon=4 steps"):
        off_by(0.0, (9, 3, 9, 3))


@pytest.mark.parametrize("model", ("single_mlp", "single_diffusion", "autoregressive", "multi_mlp", "multi_diffusion"))
def test_a_part_is_measured_in_the_environment_s_units(model):
    """Data and model may have scales of their own."""
    one, data = untrained("dynamics", model__dynamics=model), transitions([(9, False), (9, False)])
    found = error.errors(one, data, 6, 2)
    windows = Windows(data, one.config.windows)
    rows = np.arange(9, 15)
    batch, every = windows.raw(rows), rows[:, None] + np.arange(4)
    known = batch["history"], batch["past"], data.actions[every]
    states = one.part.predict(one.variables, *known, jax.random.split(jax.random.key(0), 1)[0], 2)
    off = (states - data.next_observations[every]) / one.variables["stats"]["states"]["std"]
    np.testing.assert_allclose(found["rmse"], np.sqrt((off**2).mean((0, 2))), rtol=1e-3)


# -- from end to end --------------------------------------------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.parametrize("name", ("cloning", "mbop", "guided", "simulated"))
def test_a_method_is_one_command(name):
    parts, choices = METHODS[name]
    run = compute("evaluate", evaluate__episodes=1, **SMALL, **choices)
    assert set(run.needs) == set(parts) and np.isfinite(run.dir.status()["final"]["return"])


@pytest.mark.slow
def test_an_error_is_one_row_per_step():
    run = compute("error", model__dynamics="multi_mlp", error__set="random", error__windows=8, **SMALL)
    rows, final = helpers.rows(run.dir), helpers.final(run.dir)
    assert [row["step"] for row in rows] == [1, 2, 3, 4] and set(final) == {"rmse", "median", "still", "windows"}
    assert {key: rows[-1][key] for key in final} == final and final["windows"] == 8


@pytest.mark.slow
def test_an_objective_that_is_no_number_ends_the_run_with_one_line(monkeypatch):
    run = compute("evaluate", evaluate__episodes=1, **SMALL)
    run.dir.update(state="failed")
    monkeypatch.setattr(objectives, "of", lambda *_: lambda variables, now, states, actions: states[..., 0, 0] * jnp.nan)
    assert helpers.work([run]) == 2
    status = RunDir(run.dir.path).status()
    assert status["bad_input"] and "no number for any candidate in step 0 of episode 0" in status["error"] and "\n" not in status["error"]
