"""After training: data played where a joint is defective, dynamics that adapt to them while nothing else changes, a distilled planner."""

import hashlib

import helpers
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from dmpc_agents import SMALL, compute, networks, tiny, untrained
from dmpc_world import SPEC, done, transitions
from dmpc_world import plan as planned

from projects.dmpc import distil, players, train, trained
from projects.dmpc.envs import ring
from projects.dmpc.parts import student
from projects.dmpc.transitions import read
from projects.dmpc.units import stats
from projects.dmpc.windows import Windows
from shared.errors import BadInput
from shared.rundir import RunDir

DEFECT = {"env__defect_joint": 0, "env__defect_limit": 0.1}


# -- play -------------------------------------------------------------------------------------------------------------------------------
def test_play_is_the_medium_actor_with_noise():
    (medium,), (player,) = (players.players(SPEC, name, 0.0) for name in ("medium", "play"))
    states = np.random.default_rng(0).normal(size=(500, 4)).astype(np.float32)
    act = lambda who: who.policy(states, np.random.default_rng(1))  # noqa: E731
    np.testing.assert_array_equal(act(medium), act(player))
    (noisy,) = players.players(SPEC, "play", 0.5)
    rng = np.random.default_rng(1)
    wanted = medium.policy(states, rng)
    wanted = (wanted + 0.5 * rng.standard_normal(wanted.shape, np.float32)).clip(-1, 1)
    np.testing.assert_allclose(act(noisy), wanted, atol=1e-6)
    assert np.abs(act(noisy) - act(medium)).mean() > 0.1 and act(noisy).dtype == np.float32


def test_play_on_a_defective_joint_holds_what_was_commanded_and_what_came_of_it():
    """A model that is told what the joint did could never learn that it does something else."""
    data = read(done("collect", collect__set="play", collect__transitions=200, **DEFECT).path / "tables" / "transitions.h5", SPEC)
    weak = data.actions.clip([-0.1, -1], [0.1, 1]).astype(np.float32)
    assert np.abs(data.actions[:, 0]).max() > 0.5
    np.testing.assert_allclose(data.next_observations, ring.step(data.observations, weak)[0], atol=1e-5)


# -- adapting ---------------------------------------------------------------------------------------------------------------------------
def test_windows_speak_the_units_that_a_part_has_learned():
    old, new = transitions([(20, True), (15, False)]), transitions([(12, True), (30, False)], seed=5)
    section = tiny().windows
    known = stats(Windows(old, section))
    windows, batch = Windows(new, section, known), np.arange(6)
    found = windows.at(batch)
    for name, kind, values in (("history", "states", new.observations), ("actions", "actions", new.actions)):
        first = found[name][:, -1 if name == "history" else 0]
        np.testing.assert_allclose(first, (values[:6] - known[kind]["mean"]) / known[kind]["std"], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found["rewards"][:, 0] * known["reward"], new.rewards[:6], rtol=1e-5)
    assert windows.value_scale == float(known["value"])


def bytes_of(run) -> str:
    files = sorted(path for path in (run.path / "weights").rglob("*") if path.is_file())
    return hashlib.sha256(b"".join(str(path.relative_to(run.path)).encode() + path.read_bytes() for path in files)).hexdigest()


@pytest.mark.slow
def test_the_dynamics_alone_adapt():
    """The proposal and the value are the same runs, byte by byte; the new dynamics begin where the old ones ended, keep their scales, and
    foretell what a defective joint does better than before."""
    choices = SMALL | DEFECT | {"evaluate__episodes": 1, "adapt__transitions": 300, "adapt__steps": 40, "train__steps": 40}
    before = compute("evaluate", **choices)
    kept = {name: bytes_of(RunDir(helpers.directory(before, need))) for name, (need,) in before.needs.items()}
    after = compute("evaluate", evaluate__adapted=True, **choices)
    assert {name for name in after.needs if after.needs[name] == before.needs[name]} == {"proposal", "value"}
    assert {name: bytes_of(RunDir(helpers.directory(before, need))) for name, (need,) in before.needs.items()} == kept
    old, new = (trained.load(RunDir(helpers.directory(run, run.needs["dynamics"][0]))) for run in (before, after))
    for mine, its in zip(jax.tree.leaves(new.variables["stats"]), jax.tree.leaves(old.variables["stats"]), strict=True):
        np.testing.assert_array_equal(mine, its)
    adapted = RunDir(helpers.directory(after, after.needs["dynamics"][0]))
    losses = [row["val/loss"] for row in adapted.metrics() if "val/loss" in row]
    data = RunDir(helpers.directory(after, adapted.record()["needs"]["data"][0]))
    assert data.record()["config"]["collect"]["set"] == "play" and data.record()["config"]["env"]["defect_joint"] == 0
    windows = Windows(read(data.path / "tables" / "transitions.h5", SPEC), old.config.windows, old.variables["stats"])
    unseen = train.split(windows.transitions, old.config.train.validation)[1]
    judge = jax.jit(train.judged(old.part, train.held_out(windows.at, unseen, 16, 8)))
    assert losses[-1] < float(judge(old.variables)["val/loss"])


def test_only_dynamics_and_the_joint_model_adapt():
    with pytest.raises(BadInput, match="what is adapted is the dynamics or, for the comparison, the joint model"):
        planned("adapt", train__part="value")


# -- distilling -------------------------------------------------------------------------------------------------------------------------
def test_whole_episodes_are_held_out_of_what_the_planner_is_asked():
    """Those that its parts have not learned from; of states there are some of either, however few."""
    data = transitions([(n, True) for n in (20, 15, 30, 5, 12, 18, 25, 9, 14, 22)])
    training, unseen = train.split(data, 0.2)
    for count, held in ((100, 20), (400, 80), (2, 1)):
        rows, (seen, out) = distil.asked_in(data, count, 0.2)
        assert (len(rows), len(seen), len(out)) == (count, count - held, held)
        assert set(rows[seen]) <= set(training) and set(rows[out]) <= set(unseen)
        np.testing.assert_array_equal(np.sort([*seen, *out]), np.arange(count))


class Waiting:
    stopping = False


def test_the_planner_is_asked_in_states_of_its_data():
    """By an agent that acts on what it sees; the last states do not fill a batch."""
    agent, variables = networks("proposal", model__proposal="single_mlp", plan__candidates=1, windows__history=1)
    settings = tiny(entry="distil", plan__candidates=1, model__proposal="single_mlp", windows__history=1)
    windows, rows = Windows(transitions([(30, True), (20, False)]), settings.windows), np.arange(0, 50, 1)
    found = distil.asked(settings, agent, variables, windows, rows, Waiting())
    known = windows.raw(rows)
    history, past = known["history"], known["past"]
    said = agent.parts["proposal"].propose(variables["proposal"], history, past, jax.random.key(0), 1)
    np.testing.assert_allclose(found, np.clip(said, -1, 1), atol=1e-4)


def test_a_planner_without_a_score_teaches_nothing():
    """The first candidate would win everywhere, and the student would learn it in silence."""
    agent, variables = networks()
    settings = tiny(entry="distil")
    broken = jax.tree.map(lambda leaf: leaf * jnp.nan, variables["value"]["weights"])
    variables = variables | {"value": variables["value"] | {"weights": broken}}
    windows = Windows(transitions([(30, True), (20, False)]), settings.windows)
    with pytest.raises(BadInput, match="no number for any candidate in row 7 of the data"):
        distil.asked(settings, agent, variables, windows, np.arange(7, 40), Waiting())


def test_a_student_is_a_policy_alone():
    """It acts on the state that it sees, without noise, in the environment's units."""
    settings = tiny(entry="distil")
    model, stand_in = student(settings), untrained("proposal", model__proposal="single_mlp")
    variables = {"weights": jax.jit(model.init)(jax.random.key(0))["weights"], "stats": stand_in.variables["stats"]}
    one = trained.Trained("run", settings, model, variables)
    agent, known = trained.agent({"proposal": one}, settings.plan)
    history, past = np.ones((3, 2, 4), np.float32), np.zeros((3, 2, 2), np.float32)
    acted = [np.asarray(agent.propose(known, history, past, jax.random.key(seed))[0]) for seed in range(2)]
    assert acted[0].shape == (3, 1, 2) and agent.horizon == 1
    np.testing.assert_array_equal(*acted)


@pytest.mark.slow
def test_a_distilled_planner_is_evaluated_as_the_others_are():
    choices = SMALL | {"evaluate__episodes": 1, "distil__states": 64, "distil__steps": 16, "distil__hidden": 24, "plan__candidates": 4}
    run = compute("evaluate", evaluate__distilled=True, **choices)
    (need,) = run.needs["proposal"]
    taught = RunDir(helpers.directory(run, need))
    assert taught.record()["config"]["entry"] == "distil" and "achieved" not in run.dir.status()["final"]
    losses = [row["val/loss"] for row in taught.metrics() if "val/loss" in row]
    teacher = RunDir(helpers.directory(run, taught.record()["needs"]["proposal"][0]))
    mine, its = (trained.load(one).variables for one in (taught, teacher))
    jax.tree.map(np.testing.assert_array_equal, mine["stats"], its["stats"])
    assert {leaf.shape for leaf in jax.tree.leaves(mine["weights"])} == {(24,), (4, 24), (24, 24), (24, 2), (2,)}
    assert losses[-1] < losses[0] and np.isfinite(run.dir.status()["final"]["return"])
