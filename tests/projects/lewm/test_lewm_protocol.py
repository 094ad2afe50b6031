"""The evaluation does what the authors' does: pairs, budget, two plans, any step counts; and floors are where they should be."""

from dataclasses import replace

import helpers
import lewm_world
import numpy as np
import pytest
from lewm_walks import config, episodes, far, trained

from projects.lewm import plan
from projects.lewm.clips import split_episodes
from projects.lewm.envs import environment
from projects.lewm.pairs import pairs
from shared.errors import BadInput

WORLD = environment("tworoom")
SEARCH = {"plan__samples": 60, "plan__elites": 6, "plan__iterations": 6}


@pytest.fixture(scope="module")
def played():
    return episodes()


def evaluated(played, model=None, world=WORLD, stopping=lambda: False, **changes):
    policy = {} if model else {"plan__policy": "noop"}
    return plan.evaluate(config(**(policy | changes)), world, played, model, stopping)


def test_replay_reaches_every_goal(played):
    """The simulator and the protocol agree with the data."""
    numbers, arrays = evaluated(played, plan__policy="replay", protocol__pairs=40)
    assert numbers["success"] == 1 and numbers["pairs"] == 40 and arrays["success"].all()
    assert numbers["distance/agent_location"] < 1e-3


def test_replay_within_a_smaller_budget_does_not(played):
    assert evaluated(played, plan__policy="replay", protocol__pairs=40, protocol__budget=5)[0]["success"] < 1


def test_who_stands_still_reaches_only_where_it_is(played):
    numbers, arrays = evaluated(played, protocol__pairs=40)
    np.testing.assert_array_equal(arrays["success"], arrays["start_inside"])
    assert numbers["success"] == numbers["start_inside"] > 0
    assert numbers["apart/agent_location"] == pytest.approx(np.median(arrays["distance_agent_location"]), rel=1e-5)


def test_the_hand_written_controller_is_better_than_chance(played):
    scripted, random = (evaluated(played, plan__policy=name, protocol__pairs=200)[0] for name in ("scripted", "random"))
    assert scripted["success"] > 0.99
    assert 0.1 < random["success"] < 0.5  # 26% of the authors' pairs
    assert random["success"] > random["start_inside"]


def test_a_model_that_is_never_wrong_reaches_goals(played):
    numbers, arrays = evaluated(played, trained(played), protocol__pairs=25, **SEARCH)
    assert numbers["success"] > 0.9
    assert numbers["plan_ms"] > 0 and 25 <= numbers["plans"] <= 50
    assert arrays["latent_cost"].shape == (25, 6) and (arrays["latent_cost"][:, -1] < arrays["latent_cost"][:, 0]).mean() > 0.8
    states, goals = arrays["states"], arrays["goals"]
    assert states.shape == (8, 51, 2) and goals.shape == (8, 2)
    reached = (far(states[:, 1:], goals[:, None]) < 16).any(1)
    np.testing.assert_array_equal(reached, arrays["success"][:8])


def test_an_attempt_is_two_plans_executed_whole(played):
    """25 steps blind, a look, 25 steps; who has succeeded plans no more."""
    calls = []

    def rollout(states, actions):
        calls.append(actions.shape)
        return WORLD.rollout(states, actions)

    careless = SEARCH | {"plan__samples": 2, "plan__elites": 2}
    numbers, arrays = evaluated(played, trained(played), replace(WORLD, rollout=rollout), protocol__pairs=12, **careless)
    missed = calls[1][0]
    assert calls == [(12, 25, 2), (missed, 25, 2)] and 0 < missed < 12
    assert numbers["plans"] == 12 + missed
    lasted = np.isfinite(arrays["states"]).all(-1).sum(1) - 1
    assert set(lasted) <= {25, 50} and (arrays["success"][:8] | (lasted == 50)).all()


def test_a_budget_that_ends_within_a_plan_cuts_it(played):
    _, arrays = evaluated(played, trained(played), protocol__pairs=4, protocol__budget=30, **SEARCH)
    assert arrays["states"].shape[1] == 31


def test_every_frame_of_a_longer_history_is_seen(played):
    """Three frames a model step apart, ending now; before the start it stood still."""
    seen = []

    class Watching(type(trained(played).model)):
        def encode(self, variables, frames):
            if frames.ndim == 5:
                assert frames.shape[:2] == (3, 3)
            return super().encode(variables, frames)

    def photograph(states, size):
        seen.append(states)
        return WORLD.photograph(states, size)

    model = replace(trained(played), model=Watching())
    _, arrays = evaluated(played, model, replace(WORLD, photograph=photograph, success=lambda states, goals: np.zeros(
        np.broadcast_shapes(states.shape, goals.shape)[:-1], bool)), protocol__pairs=3, plan__history=3, **SEARCH)  # fmt: skip
    looked = seen[-1].reshape(3, 3, 2)
    np.testing.assert_array_equal(looked, arrays["states"][:3, [15, 20, 25]])


def test_a_pair_is_planned_the_same_whatever_the_others_are(played):
    """Groups of 10, filled up: 12 pairs, or only some of them left."""
    all_of_them, some = (np.arange(12), np.array([3, 7, 11]))
    model, settings = trained(played), config(protocol__pairs=12, **SEARCH)
    starts, goals = pairs(played, 12, 25, 42)
    frames, past = WORLD.photograph(played.states[starts], 32)[:, None], np.zeros((12, 0, 10), np.float32)
    wanted = WORLD.photograph(played.states[goals], 32)
    find = plan.in_groups(settings, model, 12, lambda: False)
    whole = find(frames, past, wanted, all_of_them, 0)[0]
    np.testing.assert_array_equal(find(frames[some], past[some], wanted[some], some, 0)[0], whole[some])
    assert not np.allclose(find(frames[some], past[some], wanted[some], some, 25)[0], whole[some])  # another look, another key


def test_it_ends_when_asked_to(played):
    assert evaluated(played, trained(played), stopping=lambda: True) is None


def test_held_out_pairs_come_from_episodes_that_were_held_out(played):
    model = trained(played, clips__split="episodes", clips__validation=0.2)
    _, arrays = evaluated(played, model, protocol__held_out=True, protocol__pairs=8, **SEARCH)
    unseen = split_episodes(model.config, played)[1]
    starts = {tuple(state) for episode in unseen for state in played.states[played.offsets[episode] :][: played.lengths[episode]]}
    assert all(tuple(state) in starts for state in arrays["states"][:, 0])


def test_a_model_without_episodes_held_out_cannot_be_judged_by_them(played):
    with pytest.raises(BadInput, match="clips.split=episodes"):
        evaluated(played, trained(played, clips__split="clips"), protocol__held_out=True)


def test_more_pairs_than_there_are(played):
    with pytest.raises(BadInput, match="protocol.pairs"):
        evaluated(played, protocol__pairs=1_000_000)


def test_episodes_without_states(played):
    with pytest.raises(BadInput, match="states"):
        evaluated(replace(played, states=None))


def test_an_environment_without_a_controller(played):
    with pytest.raises(BadInput, match="plan.policy"):
        evaluated(played, world=replace(WORLD, scripted=None), plan__policy="scripted")


def test_pixels_of_the_file_are_what_is_seen_of_starts_and_goals(played):
    """Of a file with pixels nothing is drawn that it has: here its pictures are upside down, and so are the plans."""
    starts, goals = pairs(played, 4, 25, 42)
    pixels = np.zeros((len(played.states), 32, 32, 3), np.uint8)
    for rows in (starts, goals):
        pixels[rows] = WORLD.photograph(tworoom_mirrored(played.states[rows]), 32)
    first = lambda episodes: evaluated(episodes, trained(played), protocol__pairs=4, **SEARCH)[1]["latent_cost"][:, 0]  # noqa: E731
    mirrored = replace(played, pixels=pixels)
    assert not np.allclose(first(mirrored), first(played))


def tworoom_mirrored(states):
    return states * [1, -1] + [0, 224]


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """The directory of a run that plans with a tiny trained model, as the launcher runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPERCLUB_RUNS", str(tmp_path_factory.mktemp("planned")))
        yield lewm_world.compute(lewm_world.plan("plan")).dir


def test_a_run_leaves_one_row_and_what_a_figure_draws(planned):
    final, (row,) = planned.status()["final"], planned.metrics()
    assert {"success", "start_inside", "pairs", "plans", "distance/agent_location", "apart/agent_location", "plan_ms"} == set(final)
    assert row["success"] == final["success"] and row["perf/plan_ms"] == final["plan_ms"] > 0
    with np.load(planned.path / "tables" / "arrays.npz") as arrays:
        assert arrays["success"].mean() == final["success"] and arrays["success"].dtype == bool
        assert arrays["states"].shape == (4, 51, 2) and arrays["latent_cost"].shape == (4, 2)
    assert (planned.path / "tables" / "arrays.npz").stat().st_size < 100_000


def test_a_second_attempt_gives_the_same(planned, monkeypatch):
    monkeypatch.setenv("PAPERCLUB_RUNS", str(planned.path.parents[2]))
    wanted = lewm_world.plan("plan")
    before = helpers.rows(planned), np.load(planned.path / "tables" / "arrays.npz")["states"]
    planned.update(state="failed")
    assert helpers.work([wanted.runs[wanted.targets[0]]]) == 0
    assert helpers.rows(planned) == before[0]
    np.testing.assert_array_equal(np.load(planned.path / "tables" / "arrays.npz")["states"], before[1])


@pytest.mark.parametrize("name", ("pusht", "reacher"))
def test_replay_reaches_every_goal_elsewhere_too(name):
    run = lewm_world.compute(lewm_world.plan("plan", env__name=name, plan__policy="replay", protocol__pairs=10))
    assert run.dir.status()["final"]["success"] == 1
