"""Episodes of the planner: what is carried out, what is counted, and a run from end to end."""

import itertools
from types import SimpleNamespace

import helpers
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from dmpc_agents import Perfect, around, compute
from dmpc_world import SPEC, config
from dmpc_world import plan as planned

from configs.dmpc import base
from projects.dmpc import evaluate, objectives, players
from projects.dmpc.envs import ring
from projects.dmpc.players import reference
from projects.dmpc.transitions import Transitions
from projects.dmpc.windows import returns_to_go
from shared.errors import BadInput


def played(episodes=3, agent=None, objective=around, stopping=lambda step: False, **changes):
    settings = config(**({"entry": "evaluate", "plan__candidates": 32} | changes))
    worlds = ring.make("ring", "v0", episodes, settings.env.defect_joint, settings.env.defect_limit)
    return evaluate.evaluate(settings, worlds, agent or Perfect(), jnp.float32(1.0), objective, stopping)


@pytest.fixture(scope="module")
def three():
    return played()


def test_planning_with_a_model_that_is_never_wrong_beats_its_own_proposals(three):
    numbers, arrays = three
    alone, _ = played(plan__candidates=1)
    assert numbers["return"] > alone["return"] + 5 and numbers["length"] > alone["length"]
    assert arrays["returns"].mean() == pytest.approx(numbers["return"]) and numbers["episodes"] == 3


def test_arrays_are_what_happened(three):
    numbers, arrays = three
    after, rewards, failed = ring.step(arrays["observations"], arrays["actions"])
    first = int(arrays["lengths"][0])
    assert arrays["observations"].shape == (first, 4) and np.abs(arrays["actions"]).max() <= 1
    np.testing.assert_allclose(arrays["observations"][1:], after[:-1], atol=1e-5)
    np.testing.assert_allclose(arrays["rewards"][0, :first], rewards, atol=1e-5)
    np.testing.assert_array_equal(arrays["qpos"], arrays["observations"][:, :2])
    np.testing.assert_array_equal(np.isfinite(arrays["rewards"]).sum(1), arrays["lengths"])
    assert bool(failed[-1]) == arrays["failed"][0] and not failed[:-1].any()
    np.testing.assert_allclose(np.nansum(arrays["rewards"], 1), arrays["returns"], rtol=1e-4)
    assert numbers["failed"] == arrays["failed"].mean() and numbers["length"] == arrays["lengths"].mean()


def test_an_episode_is_the_same_in_any_company(three):
    _, arrays = played(episodes=2)
    np.testing.assert_array_equal(arrays["returns"], three[1]["returns"][:2])
    np.testing.assert_array_equal(arrays["actions"], three[1]["actions"])


def test_the_seed_decides(three):
    assert not np.array_equal(played(evaluate__seed=1)[1]["returns"], three[1]["returns"])


def test_what_came_is_what_the_value_is_trained_on(three):
    numbers, arrays = three
    alive = np.isfinite(arrays["rewards"])
    ends = np.cumsum(arrays["lengths"]) - 1
    terminals = np.isin(np.arange(alive.sum()), ends[arrays["failed"]])
    blank = np.zeros((alive.sum(), 0), np.float32)
    timeouts = np.isin(np.arange(alive.sum()), ends[~arrays["failed"]])
    data = Transitions(blank, blank, arrays["rewards"][alive], terminals, timeouts, blank)
    settings = config().windows
    np.testing.assert_allclose(arrays["achieved"][alive], returns_to_go(data, settings.discount, settings.penalty), rtol=1e-4, atol=1e-4)
    assert numbers["achieved"] == pytest.approx(arrays["achieved"][alive].mean(), rel=1e-4)
    assert numbers["predicted"] == pytest.approx(arrays["scores"][alive].mean(), rel=1e-4)


class Echo(Perfect):
    """Acts by the oldest state it sees; what it foretells is its oldest action."""

    def propose(self, variables, history, past, key):
        return jnp.broadcast_to(0.1 * history[:, :1, :2], (len(history), self.horizon, 2)), None

    def predict(self, variables, history, past, actions, key):
        return jnp.broadcast_to(past[:, 0, 0][:, None, None], (len(history), self.horizon, 4))


def test_the_history_is_that_of_the_data_and_stands_still_before_the_start():
    oldest = lambda variables, now, states, actions: states[..., 0, 0]  # noqa: E731
    _, arrays = played(1, Echo(history=3), oldest, plan__candidates=2)
    steps = np.arange(len(arrays["actions"]))
    np.testing.assert_allclose(arrays["actions"], 0.1 * arrays["observations"][np.maximum(steps - 2, 0), :2], rtol=1e-5)
    before = np.where(steps >= 3, arrays["actions"][np.maximum(steps - 3, 0), 0], 0)
    np.testing.assert_allclose(arrays["scores"][0], before, rtol=1e-5)
    assert len(steps) > 5


def test_a_defect_is_not_known_to_who_plans():
    _, arrays = played(1, plan__candidates=4, env__defect_joint=0, env__defect_limit=0.1)
    assert np.abs(arrays["actions"][:, 0]).max() > 0.3  # as commanded
    weak = arrays["actions"].clip([-0.1, -1], [0.1, 1])
    np.testing.assert_allclose(arrays["observations"][1:], ring.step(arrays["observations"], weak)[0][:-1], atol=1e-5)


WEAK = {"env__defect_joint": 0, "env__defect_limit": 0.1}


def test_with_the_simulator_for_its_dynamics_it_decides_as_with_a_model_that_is_never_wrong(three):
    """Of a world that is whole the model is right, so both find the same; of a defect the simulator alone knows."""
    numbers, arrays = played(plan__kind="simulated")
    np.testing.assert_allclose(arrays["actions"], three[1]["actions"], atol=1e-6)
    np.testing.assert_allclose(arrays["returns"], three[1]["returns"], rtol=1e-4)
    assert numbers["predicted"] == pytest.approx(three[0]["predicted"], rel=1e-3)
    assert played(plan__kind="simulated", **WEAK)[0]["return"] > played(**WEAK)[0]["return"] + 1


def test_with_the_simulator_for_its_dynamics_an_episode_is_the_same_in_any_company():
    np.testing.assert_array_equal(played(2, plan__kind="simulated")[1]["returns"], played(3, plan__kind="simulated")[1]["returns"][:2])


def test_behind_an_end_that_the_simulator_sees_nothing_is_done():
    """As in the windows that a value learns from: the last state repeats, and actions are 0."""
    seen = []

    def spying(variables, now, states, actions):
        jax.debug.callback(lambda *plans: seen.append([np.asarray(one) for one in plans]), now, states, actions)
        return jnp.zeros(states.shape[:2])

    played(1, objective=spying, plan__kind="simulated")
    jax.effects_barrier()
    ended = 0
    for start, states, actions in seen:
        known = np.concatenate([np.broadcast_to(start[0], (1, states.shape[1], 1, 4)), states], 2)[0]  # [N, F + 1, S]
        over = ring.step(known[:, :-1], actions[0])[2].cumsum(1) > 0  # [N, F], after this step
        behind = np.pad(over, ((0, 0), (1, 0)))[:, :-1]
        assert not actions[0][behind].any() and actions[0][~behind].any(-1).all()
        np.testing.assert_array_equal(states[0][behind], known[:, :-1][behind])
        ended += behind.sum()
    assert ended > 10


def test_an_objective_that_is_no_number_is_one_line():
    late = lambda variables, now, states, actions: jnp.where(now[:, None, 3] > 0.2, jnp.nan, actions[..., 1].sum(-1))  # noqa: E731
    with pytest.raises(BadInput, match=r"no number for any candidate in step \d+ of episode 0") as error:
        played(1, objective=late)
    assert "\n" not in str(error.value)


def test_it_ends_when_asked_to():
    asked = []
    assert played(1, stopping=lambda step: asked.append(step) or step == 3) is None
    assert asked == [0, 1, 2, 3]


@pytest.mark.parametrize("joined", (True, False))
def test_the_time_of_a_plan_is_that_of_the_episodes_planned_for(joined, monkeypatch):
    """By a clock that counts its calls: a second for every step, which those that are over share where all are planned for together."""
    monkeypatch.setattr(evaluate, "in_company", lambda: joined)
    monkeypatch.setattr(evaluate, "time", SimpleNamespace(perf_counter=itertools.count().__next__))
    numbers, arrays = played(plan__candidates=1)
    alive = np.isfinite(arrays["rewards"]).sum(0)
    assert alive.min() < 3
    assert numbers["plan_ms"] == pytest.approx(1e3 * np.median(1 / np.where(joined, 3, alive)[1:]))


def test_scores_are_percent_of_the_way_to_an_expert():
    known = reference(SPEC)
    best = known["actors"][known["expert"]]["sampled"]["mean"]
    assert evaluate.scores(SPEC, best)["score"] == pytest.approx(100)
    assert evaluate.scores(SPEC, known["random"]["mean"]) == {"score": pytest.approx(0)}


def test_scores_by_d4rl_are_of_the_version_that_has_its_rewards(monkeypatch):
    monkeypatch.setattr(evaluate, "picked", lambda spec: False)
    assert set(evaluate.D4RL) == {f"{name}-v4" for name in base.ENVIRONMENTS if name != "ring"}
    for name, (random, expert) in evaluate.D4RL.items():
        v4, v5 = (type(SPEC)(name.removesuffix("-v4"), version, 1, 1, 1, 1, 1) for version in ("v4", "v5"))
        assert evaluate.scores(v4, (random + expert) / 2) == {"score_d4rl": pytest.approx(50)}
        assert evaluate.scores(v5, (random + expert) / 2) == {}


def test_actors_that_are_damaged_are_no_score_less_but_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(players, "FOLDER", tmp_path)
    assert evaluate.scores(SPEC, np.zeros(1)) == {}
    (tmp_path / SPEC.id).mkdir()
    (tmp_path / SPEC.id / "actors.json").write_text("{")
    with pytest.raises(BadInput, match="is damaged"):
        evaluate.scores(SPEC, np.zeros(1))


def test_heights_of_a_runner_that_stands():
    """Two episodes of two and three steps."""
    spec = type(SPEC)("hopper", "nobody", 2, 1, 1, 1, 3)
    alive = np.array([[1, 1, 0], [1, 1, 1]], bool)
    heights = np.array([[1.1, 1.2, 9.0], [1.1, 1.0, 1.1]])
    seen = {"alive": alive, "rewards": alive * 1.0, "terminals": np.array([[0, 1, 0], [0, 0, 0]], bool), "scores": alive * 1.0}
    seen |= {"observations": np.stack([heights, heights], 2)} | {name: np.zeros((2, 3, 1)) for name in ("actions", "qpos", "qvel")}
    settings = config(env__name="hopper", objective__kind="height", objective__target=1.1)
    numbers, arrays = evaluate.judge(settings, spec, seen)
    assert numbers["height_off"] == pytest.approx(0.04) and "achieved" not in numbers
    assert numbers["height_reward"] == pytest.approx(np.mean(objectives.bell(heights[alive], 1.1, 5e-4)))
    np.testing.assert_array_equal(np.isnan(arrays["heights"]), ~alive)
    assert arrays["observations"].shape == (2, 2) and (numbers["failed"], numbers["length"], numbers["return"]) == (0.5, 2.5, 2.5)


# -- from end to end --------------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """(folder, a run at scale smoke and those it needs)."""
    folder = tmp_path_factory.mktemp("planned")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPERCLUB_RUNS", str(folder))
        return folder, compute("evaluate")


@pytest.fixture
def done(computed, monkeypatch):
    folder, run = computed
    monkeypatch.setenv("PAPERCLUB_RUNS", str(folder))
    return run


@pytest.mark.slow
def test_parts_learn(done):
    """On episodes that no step has seen."""
    for name, share in (("proposal", 0.6), ("dynamics", 0.3), ("value", 0.9)):
        rows = [row["val/loss"] for row in helpers.rows(type(done.dir)(helpers.directory(done, done.needs[name][0]))) if "val/loss" in row]
        assert len(rows) == 8 and rows[-1] < share * rows[0]


@pytest.mark.slow
def test_a_run_leaves_one_row_and_what_a_figure_draws(done):
    final, (row,) = done.dir.status()["final"], done.dir.metrics()
    assert set(final) == {
        "episodes", "return", "return_std", "score", "failed", "length", "predicted", "achieved", "plan_ms",
    }  # fmt: skip
    assert row["return"] == final["return"] and row["perf/plan_ms"] == final["plan_ms"] > 0
    with np.load(done.dir.path / "tables" / "arrays.npz") as arrays:
        assert arrays["returns"].mean() == pytest.approx(final["return"]) and arrays["qpos"].shape[1] == 2


@pytest.mark.slow
def test_a_second_attempt_gives_the_same(done):
    before = helpers.rows(done.dir)
    done.dir.update(state="failed")
    assert helpers.work([planned("evaluate").runs[done.id]]) == 0
    assert helpers.rows(done.dir) == before
