"""Networks from training to their curvature and to a curve between two of them, through the launcher; and after a kill."""

import signal
import time
from types import SimpleNamespace
from typing import NamedTuple

import helpers
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ml_collections import ConfigDict

from launch import sweep
from launch.plan import build
from projects.generalization import labels, modes, networks
from projects.generalization.measures import measured
from projects.generalization.problem import Problem, problem
from shared.checkpoint import load_weights, steps
from shared.data import labelled
from shared.nn.norms import GroupNorm

TINY = {"classifier.width": 16, "train.steps": 60}


def plan(name, **changes):
    fields = TINY | {key.replace("__", "."): value for key, value in changes.items()}
    return build(f"generalization/{name}", "smoke", [f"--config.{key}={value}" for key, value in fields.items()], single=True)


class Trained(NamedTuple):
    """A finished run, whatever PAPERCLUB_RUNS says later."""

    problem: Problem
    params: dict
    final: dict


def trained(run):
    one = problem(ConfigDict(run.config))
    return Trained(one, load_weights(run.dir, one.model), helpers.final(run.dir))


def pack(*seeds, **changes):
    """Runs of one program."""
    wanted = helpers.merged(*(plan("train", seed=seed, **changes) for seed in seeds))
    sweep.create(wanted)
    runs = list(wanted.runs.values())
    assert helpers.work(runs) == 0
    return [trained(run) for run in runs]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two networks, trained and measured as one pack."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPERCLUB_RUNS", str(tmp_path_factory.mktemp("made")))
        return pack(0, 1, train__altered=0.5, measure__steps=8, measure__probes=2, measure__evidence=True)


def test_final_numbers_are_those_of_the_weights_on_all_points(made):
    for one, params, found in made:
        assert len(one.train.labels) == 300 and len(one.test.labels) == 200
        for part, points in (("train", one.train), ("test", one.test)):
            logits = np.asarray(one.logits(params, points.inputs), float)
            shares = np.exp(logits - logits.max(1, keepdims=True))
            right = (shares / shares.sum(1, keepdims=True))[np.arange(len(logits)), points.labels]
            assert found[f"{part}/error"] == (logits.argmax(1) != points.labels).mean()
            assert found[f"{part}/nll"] == pytest.approx(-np.log(right).mean(), rel=1e-4)
        assert found["parameters"] == one.size == 16 * 65 + 16 * 17 + 10 * 17


def test_half_of_the_labels_are_drawn_anew(made):
    """The same for all seeds, and one in ten keeps its own."""
    one, data = made[0].problem, labelled.load("digits")
    true = labels.training(data, 0.0, 0, 300)
    np.testing.assert_array_equal(one.train.inputs, true.inputs)
    assert 0.4 < (one.train.labels != true.labels).mean() < 0.5
    np.testing.assert_array_equal(one.test.labels, data.test.labels[:200])
    np.testing.assert_array_equal(made[1].problem.train.labels, one.train.labels)


def test_curvature_is_measured_of_each_network(made):
    one, other = (run.final for run in made)
    assert one["determined/1e-01"] != other["determined/1e-01"] and one["evidence/last"] != other["evidence/last"]
    for found in (one, other):
        dimensions = [found[f"determined/{alpha}/trace"] for alpha in ("1e-03", "1e-02", "1e-01", "1e+00")]
        assert dimensions == sorted(dimensions, reverse=True) and dimensions[-1] > 0 and dimensions[0] < found["parameters"]
        assert max(found["evidence/last"], found["evidence/diagonal"]) < -found["train/nll"]  # Occam's factor costs something


def test_a_network_that_was_trained_alone_is_that_of_the_pack(made, runs):
    (alone,) = pack(1, train__altered=0.5)
    for ours, packed in zip(jax.tree.leaves(alone.params), jax.tree.leaves(made[1].params), strict=True):
        np.testing.assert_allclose(ours, packed, atol=1e-4)
    assert alone.final["test/error"] == made[1].final["test/error"]


def test_only_networks_that_are_still_there_are_measured(made):
    """A member that diverged has no curvature."""
    params = jax.tree.map(lambda *leaves: jnp.stack([leaves[0], np.nan * leaves[1]]), *(run.params for run in made))
    asked = ConfigDict({"steps": 3, "probes": 2, "evidence": False})
    pack = SimpleNamespace(active=[True, False], stopping=False, hyper={"seed": [0, 1]})
    found = measured(asked, made[0].problem, params, pack)
    assert all(np.isfinite(values[0]) and np.isnan(values[1]) for values in found.values()) and found
    pack.stopping = True
    assert measured(asked, made[0].problem, params, pack) is None


# -- modes ----------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def curve(tmp_path_factory):
    """Final numbers and arrays of a curve."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPERCLUB_RUNS", str(tmp_path_factory.mktemp("curve")))
        wanted = plan("modes", modes__steps=100, modes__points=5)
        sweep.create(wanted)
        run = wanted.runs[wanted.targets[0]]
        ends = [wanted.runs[run.needs[name][0]] for name in modes.ENDS]
        assert helpers.work(ends) == 0 == helpers.work([run])
        return helpers.final(run.dir), dict(np.load(run.dir.path / "tables" / "arrays.npz")), [helpers.final(end.dir) for end in ends]


def test_a_curve_begins_and_ends_at_the_networks(curve):
    _, found, ends = curve
    for place, end in ((0, ends[0]), (-1, ends[1])):
        for column in ("train/nll", "test/error"):
            assert found[f"curve/{column}"][place] == pytest.approx(end[column], rel=1e-5)
            assert found[f"line/{column}"][place] == pytest.approx(end[column], rel=1e-5)


def test_a_curve_goes_around_the_barrier_on_the_line(curve):
    final, found, _ = curve
    assert final["ends/train/nll"] < final["curve/train/nll"] < final["line/train/nll"]
    assert final["line/train/nll"] == found["line/train/nll"].max() and len(found["t"]) == 5


@given(st.sampled_from((modes.bezier, modes.polychain, modes.line)), st.floats(0, 1, width=32))
@settings(deadline=None, max_examples=30)
def test_weights_of_a_path_sum_to_one_and_are_its_ends(path, t):
    first, found, last = ([float(weight) for weight in path(jnp.float32(place))] for place in (0, t, 1))
    assert sum(found) == pytest.approx(1, abs=1e-6) and min(found) >= 0
    assert first == [1, 0, 0] and last == [0, 0, 1]


# -- networks -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("width", [1, 3, 8, 20, 64])
def test_group_norm_standardises_every_picture_alone(width):
    norm, x = GroupNorm(width), np.random.default_rng(0).normal(3, 2, (4, 5, 6, width)).astype(np.float32)
    y = np.asarray(norm(x)).reshape(4, 30, norm.groups, -1)
    np.testing.assert_allclose(y.mean((1, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(y.std((1, 3)), 1, atol=1e-3)
    np.testing.assert_allclose(norm(x[:1]), norm(x)[:1], atol=1e-6)
    assert norm.groups == {1: 1, 3: 1, 8: 2, 20: 1, 64: 8}[width]


@pytest.mark.parametrize("name", ["mlp", "lenet", "resnet"])
def test_logits_are_what_the_head_makes_of_the_features(name):
    chosen = ConfigDict({"name": name, "width": 4, "depth": 2, "stages": 3})
    model, x = networks.classifier(chosen, (16, 16, 1), 10), np.random.default_rng(0).normal(size=(3, 16, 16, 1)).astype(np.float32)
    params = model.init(jax.random.key(0))
    logits, features = model.apply(params, x), model.apply(params, x, method="features")
    assert logits.shape == (3, 10) and len(features) == 3 and features.ndim == 2
    np.testing.assert_allclose(features @ params["head"]["kernel"] + params["head"]["bias"], logits, atol=1e-5)


# -- after a kill -----------------------------------------------------------------------------------------------------------------------
def outcome(runs):
    leaves = [[np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(trained(run).params)] for run in runs]
    return [helpers.rows(run.dir) for run in runs], [helpers.final(run.dir) for run in runs], leaves


@pytest.mark.slow
def test_a_killed_pack_goes_on_as_if_nothing_had_been(tmp_path, monkeypatch):
    """Killed, then asked to stop: rows, numbers and weights of both members are the same, bit by bit."""
    outcomes = []
    for disturbed in (False, True):
        monkeypatch.setenv("PAPERCLUB_RUNS", str(tmp_path / f"{disturbed}"))
        wanted = helpers.merged(*(plan("train", seed=seed, measure__steps=4, measure__probes=2) for seed in (0, 1)))
        runs = list(wanted.runs.values())
        for run in runs:
            run.config["save"]["every_minutes"] = 0.0 if disturbed else 60.0
        sweep.create(wanted)
        for number in (signal.SIGKILL, signal.SIGTERM) if disturbed else ():
            interrupt(runs, number)
        assert helpers.start_worker(runs).wait(300) == 0
        outcomes.append(outcome(runs))
    assert outcomes[0] == outcomes[1]


def interrupt(runs, number):
    """Three saves after where it began."""

    def saved() -> int:
        return max(steps(runs[-1].dir.path / "ckpt"), default=0)

    begin, worker = saved(), helpers.start_worker(runs)
    while saved() < begin + 3:
        assert worker.poll() is None, "the runs were over before they could be disturbed"
        time.sleep(0.002)
    worker.send_signal(number)
    worker.wait(200)
