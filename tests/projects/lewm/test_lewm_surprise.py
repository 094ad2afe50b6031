"""Surprise is the error of predictions from true frames; scores know what is normal; a teleport is found at its very frame."""

from types import SimpleNamespace

import jax
import lewm_toys as toys
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ml_collections import ConfigDict

from configs.lewm import base
from projects.lewm import monitor, surprise
from projects.lewm.clips import ActionScale
from projects.lewm.model import build
from projects.lewm.sight import Sight
from projects.lewm.trained import Trained
from shared.errors import BadInput

seeds = st.integers(0, 2**31 - 1)
rates = st.floats(0.01, 0.5)


def walk(seed, count, steps):
    """Frames [N, T, H, W, 3] and blocks [N, T, 5A] of random pictures and actions."""
    rng = np.random.default_rng(seed)
    frames = rng.uniform(0, 1, (count, steps, toys.SIZE, toys.SIZE, 3))
    return np.float32(frames), np.float32(0.1 * rng.normal(size=(count, steps, 2 * toys.SKIP)))


# -- surprise -------------------------------------------------------------------------------------------------------------
@settings(max_examples=12, deadline=None)
@given(seeds, st.integers(2, 8), st.integers(1, 4))
def test_the_surprise_of_a_frame_is_the_error_of_its_prediction_from_the_true_frames_before_it(seed, steps, history):
    model, (frames, blocks) = toys.Model(history), walk(seed, 2, steps)
    found = np.asarray(monitor.surprises(model, np.float32(1), frames, blocks))
    assert found.shape == (2, steps - 1)
    z = np.asarray(model.encode(1, frames))
    for end in range(1, steps):
        seen = slice(max(0, end - history), end)
        ahead = np.asarray(model.predict(1, z[:, seen], blocks[:, seen]))[:, -1]
        assert found[:, end - 1] == pytest.approx(np.mean((ahead - z[:, end]) ** 2, -1), rel=1e-4)


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(1, 6))
def test_later_frames_do_not_change_earlier_surprises(seed, cut):
    model, (frames, blocks) = toys.Model(), walk(seed, 1, 8)
    other = frames.copy()
    other[:, cut + 1 :] = 0
    one, two = (np.asarray(monitor.surprises(model, np.float32(1), some, blocks)) for some in (frames, other))
    assert np.array_equal(one[:, :cut], two[:, :cut]) and not np.array_equal(one[:, cut:], two[:, cut:])


# -- what is normal -------------------------------------------------------------------------------------------------------
def lognormal(seed, count=200, steps=12):
    """Surprises [N, T - 1] whose level depends on how many frames there are before them."""
    levels = np.r_[5.0, 1.0, np.full(steps - 3, -3.0)]
    return np.exp(levels + np.random.default_rng(seed).normal(size=(count, steps - 1)))


@settings(max_examples=25, deadline=None)
@given(seeds, rates)
def test_on_what_it_was_calibrated_with_the_false_alarms_are_at_most_the_rate_and_hardly_fewer(seed, rate):
    normal = lognormal(seed)
    calibration = monitor.calibrate(normal)
    alarms = (monitor.p_value(monitor.scores(normal, calibration), calibration) <= rate).mean()
    assert rate - 2 / normal.size <= alarms <= rate


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_on_new_normal_frames_the_false_alarms_come_at_the_rate_whatever_the_context(seed):
    calibration = monitor.calibrate(lognormal(seed, 2000))
    alarms = monitor.p_value(monitor.scores(lognormal(seed + 1, 2000), calibration), calibration) <= 0.05
    deviation = (0.05 * 0.95 / 2000) ** 0.5  # of a share of 2000
    assert np.abs(alarms[:, :2].mean(0) - 0.05).max() < 6 * deviation and abs(alarms[:, 2:].mean() - 0.05) < 4 * deviation


@settings(max_examples=25, deadline=None)
@given(seeds, st.floats(1e-6, 1e6))
def test_scores_do_not_depend_on_the_scale_of_a_models_latents(seed, scale):
    normal, new = lognormal(seed), lognormal(seed + 1)
    one = monitor.scores(new, monitor.calibrate(normal))
    assert monitor.scores(scale * new, monitor.calibrate(scale * normal)) == pytest.approx(one, abs=1e-6)


def test_p_values_by_hand_fall_with_the_score_and_are_never_zero():
    calibration = monitor.Calibration(np.zeros(3), np.ones(3), np.array([-1.0, 0, 1]))
    assert monitor.p_value(np.array([-2, -1, -0.5, 0, 1, 9]), calibration).tolist() == [1, 1, 0.75, 0.75, 0.5, 0.25]


def test_a_surprise_of_nothing_is_no_error():
    calibration = monitor.calibrate(np.zeros((4, 6)))
    assert np.isfinite(monitor.scores(np.zeros(5), calibration)).all()


# -- frame by frame -------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module", params=["one", "patches"])
def untrained(request):
    """A real model at scale smoke with random weights, also where training starts from zero, so that frames and actions count."""
    config = base.get_config("smoke")
    config.latent.tokens = request.param
    config = base.resolve(config)
    model, rng = build(config), np.random.default_rng(0)
    abstract = jax.eval_shape(model.init, jax.random.key(0))
    some = {
        "weights": jax.tree.map(lambda leaf: np.float32(rng.normal(0, 0.7, leaf.shape)), abstract["weights"]),
        "stats": jax.tree.map(lambda leaf: np.float32(rng.uniform(0.5, 1, leaf.shape)), abstract["stats"]),
    }
    return Trained(config, model, some, ActionScale(np.float32([0.1, -0.2]), np.float32([0.5, 2])))


def film(steps, seed=0):
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (steps, 1, 1, 3)) * rng.uniform(0, 1, (steps, 16, 16, 1))
    return np.uint8(pixels), np.float32(rng.normal(size=(steps - 1, 5, 2)))


def test_frame_by_frame_it_says_what_it_says_of_the_whole(untrained):
    pixels, actions = film(8)
    blocks = untrained.scale.normalise(actions).reshape(1, 7, -1)
    whole = np.asarray(monitor.surprises(untrained.model, untrained.variables, np.float32(pixels[None] / 255), blocks))
    calibration = monitor.calibrate(np.concatenate([whole * 0.9, whole, whole * 1.2]))
    eye = monitor.Monitor(untrained, calibration)
    assert eye.see(pixels[0]) is None, "nothing is expected of a first frame"
    seen = [eye.see(frame, action) for frame, action in zip(pixels[1:], actions, strict=True)]
    assert [one.surprise for one in seen] == pytest.approx(whole[0].tolist(), rel=1e-4)
    scores = monitor.scores(whole[0], calibration)
    assert [one.score for one in seen] == pytest.approx(scores.tolist(), abs=1e-2)
    assert [one.p for one in seen] == [monitor.p_value(one.score, calibration) for one in seen]
    assert eye.look._cache_size() == 1, "one program, whatever has been seen"


def test_actions_and_earlier_frames_count(untrained):
    pixels, actions = film(4)
    calibration = monitor.Calibration(np.zeros(3), np.ones(3), np.zeros(1))

    def last(pixels, actions):
        eye = monitor.Monitor(untrained, calibration)
        return [eye.see(*step) for step in zip(pixels, [None, *actions], strict=True)][-1].surprise

    usual = last(pixels, actions)
    for other in ((pixels[[1, 1, 2, 3]], actions), (pixels, -actions)):
        assert last(*other) != pytest.approx(usual, rel=1e-3)


def test_after_a_reset_it_is_as_new(untrained):
    pixels, actions = film(5)
    eye = monitor.Monitor(untrained, monitor.Calibration(np.zeros(3), np.ones(3), np.zeros(1)))
    first, again = [], []
    for seen in (first, again):
        seen += [eye.see(*step) for step in zip(pixels, [None, *actions], strict=True)]
        eye.reset()
    assert first == again and eye.look._cache_size() == 1


def test_frames_may_be_bytes_or_numbers_and_must_fit(untrained):
    (one, other), _ = film(2)
    eyes = [monitor.Monitor(untrained, monitor.Calibration(np.zeros(3), np.ones(3), np.zeros(1))) for _ in range(2)]
    eyes[0].see(one)
    eyes[1].see(one / np.float32(255))
    action = np.ones((5, 2))
    assert eyes[0].see(other, action).surprise == pytest.approx(eyes[1].see(other / np.float32(255), action).surprise, rel=1e-5)
    with pytest.raises(BadInput, match=r"\(8, 8, 3\)"):
        eyes[0].see(other[:8, :8], action)
    with pytest.raises(BadInput, match=r"\(5, 3\)"):
        eyes[0].see(other, np.ones((5, 3)))


# -- the entry ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def looked(tmp_path, monkeypatch):
    """numbers, arrays of the whole entry in the toy world, for a policy and a seed."""

    def look(policy="long", seed=0, stopping=False):
        config = ConfigDict({"env": {"name": "toy"}, "seed": seed, "surprise": {"policy": policy, "trajectories": 30}})
        run = SimpleNamespace(restore=lambda _: None, needs={"model": [None]}, stopping=stopping, table=lambda _, name: tmp_path / name)
        monkeypatch.setattr(surprise, "load", lambda _: toys.trained())
        monkeypatch.setattr(surprise, "environment", lambda _: toys.WORLD)
        found = surprise.run(config, run)
        with np.load(tmp_path / "arrays.npz") if found else SimpleNamespace() as arrays:
            return found, dict(arrays)

    return look


def test_a_teleport_is_found_at_its_very_frame(looked):
    found, arrays = looked()
    assert found["detected/teleport"] == found["auroc/teleport"] == found["alarms/teleport"] == 1
    assert found["p/teleport"] < 1e-6 and found["ratio/teleport"] > 100
    assert found["alarms/normal"] < 0.03
    assert arrays["teleport_mean"].argmax() == arrays["visual_mean"].argmax() == surprise.EVENT - 1


def test_before_the_event_the_versions_are_one(looked):
    _, arrays = looked()
    past = slice(surprise.EVENT - 1)
    for name in ("visual", "teleport"):
        assert np.array_equal(arrays[f"{name}_mean"][past], arrays["normal_mean"][past])
        assert not np.array_equal(arrays[f"{name}_mean"], arrays["normal_mean"])
    frames, states = arrays["example_frames"], arrays["example_states"]
    assert frames.shape == (3, 6, toys.SIZE, toys.SIZE, 3) and frames.dtype == np.uint8
    assert np.array_equal(frames[0, :2], frames[1, :2]) and (frames[1, 2:] != frames[0, 2:]).any((1, 2, 3)).all()
    assert np.array_equal(states[0], states[1]) and (states[2, surprise.EVENT :] != states[0, surprise.EVENT :]).all()


def test_after_the_teleport_the_same_actions_go_on(looked):
    _, arrays = looked()
    normal, _, teleport = arrays["example_states"][:, surprise.EVENT :]
    assert np.diff(teleport, axis=0) == pytest.approx(np.diff(normal, axis=0), abs=1e-5)


def test_the_same_seed_gives_the_same_numbers_and_another_one_others(looked):
    one, again, other = looked(), looked(), looked(seed=1)
    assert one[0] == again[0] and all(np.array_equal(one[1][name], again[1][name]) for name in one[1])
    assert one[0]["surprise/normal"] != other[0]["surprise/normal"]


def test_episodes_that_end_too_soon_are_left_out(looked):
    assert looked("mixed")[0]["detected/teleport"] == 1
    with pytest.raises(BadInput, match="surprise.policy=short"):
        looked("short")


def test_asked_to_stop_it_leaves_no_numbers(looked):
    assert surprise.judge(toys.trained(), Sight(toys.trained(), toys.WORLD), {"normal": np.zeros((2, 20, 2), np.float32)},
                          np.zeros((2, 19, 10)), lambda: True) is None  # fmt: skip
