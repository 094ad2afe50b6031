"""Training from end to end: on episodes that were played, on a file that others made, with SIGReg and without, and after a kill."""

import signal

import helpers
import jax
import numpy as np
import pytest
from lewm_world import compute, config, plan

from projects.lewm import train
from projects.lewm.clips import ActionScale, Clips, split
from projects.lewm.collect import FILE
from projects.lewm.envs import environment
from projects.lewm.episodes import from_list, read, write
from projects.lewm.trained import load
from shared.errors import BadInput
from shared.rundir import RunDir


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The folder of a world model trained for 8 steps, and of its episodes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPERCLUB_RUNS", str(tmp_path_factory.mktemp("small")))
        run = compute(plan("train"))
        return run.dir, RunDir(helpers.directory(run, run.needs["data"][0]))


def test_a_training_keeps_a_model_that_looks_and_predicts(small):
    trained = load(small[0])
    frames = jax.random.uniform(jax.random.key(0), (2, 3, 16, 16, 3))
    z = trained.model.encode(trained.variables, frames)
    ahead = trained.model.predict(trained.variables, z, np.zeros((2, 3, 10), np.float32))
    assert z.shape == ahead.shape == (2, 3, 8) and np.isfinite(ahead).all()


def test_the_model_remembers_the_scale_of_its_actions(small):
    trained = load(small[0])
    scale = ActionScale.of(read(small[1].path / "tables" / FILE))
    np.testing.assert_allclose(trained.scale.mean, scale.mean, rtol=1e-6)
    np.testing.assert_allclose(trained.scale.std, scale.std, rtol=1e-6)


def test_every_evaluation_tells_of_the_cloud(small):
    rows = [row for row in small[0].metrics() if "val/prediction" in row]
    assert len(rows) == 8
    for row in rows:
        assert row["val/still"] > 0 and row["latent/std"] > 0 and 1 <= row["latent/rank"] <= 8 and -1 <= row["val/straightness"] <= 1


def test_what_is_no_world_model_is_one_line(small, tmp_path):
    for path in (tmp_path, small[1].path):
        with pytest.raises(BadInput, match="no trained world model"):
            load(RunDir(path))


def slow(**changes):
    return pytest.param(changes, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    "changes", [{"loss__kind": "pldm"}, slow(loss__reconstruction=1.0), slow(latent__tokens="patches"), slow(model__dtype="bfloat16")]
)
def test_its_relatives_train_too(changes):
    run = compute(plan("train", train__steps=2, evaluation__times=1, **changes))
    final = run.dir.status()["final"]
    assert np.isfinite(final["val/prediction"])
    row = run.dir.metrics()[-1]
    assert ("train/covariance" in row, "train/reconstruction" in row) == ("loss__kind" in changes, "loss__reconstruction" in changes)


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """A file as the authors publish them: pixels of 16 x 16, actions and nothing that tells of a simulator."""
    world = environment("tworoom")
    played = world.collect("expert", 12, 40, 3)
    episodes = from_list(played)
    path = tmp_path_factory.mktemp("foreign") / "tworoom.h5"
    write(path, episodes, (world.photograph(states, 16) for states, _ in played))
    return path


def test_a_file_of_pixels_trains_as_its_states_do(foreign):
    """Drawn inside the step or read from a file, the frames are the same numbers: so is the training."""
    run = compute(plan("train", collect__file=foreign, train__steps=3, evaluation__times=1))
    assert np.isfinite(run.dir.status()["final"]["val/prediction"])
    made = config(collect__file=str(foreign))
    world = environment("tworoom")
    episodes = from_list(world.collect("expert", 12, 40, 3))
    stored = train.load_episodes(made, None)
    scale, (training, _) = ActionScale.of(episodes), split(made, episodes)
    one, other = (Clips(made, some, scale, training, 0)(0) for some in (episodes, stored))
    frames = jax.jit(train.frames_of(made))
    assert "states" in one and "pixels" in other
    np.testing.assert_allclose(frames(one), frames(other), rtol=1e-6)  # the last bit of a quotient
    np.testing.assert_array_equal(np.round(frames(one) * 255), other["pixels"])


def test_pictures_of_another_size_name_the_override(foreign):
    with pytest.raises(BadInput, match=r"--config.images.size=16"):
        train.load_episodes(config(collect__file=str(foreign), images__size=32), None)


TWIN = {
    "images__size": 32, "encoder__width": 96, "encoder__heads": 3, "encoder__layers": 4, "encoder__mlp_width": 384, "latent__width": 32,
    "latent__hidden": 256, "predictor__layers": 3, "predictor__heads": 4, "predictor__head_dim": 32, "predictor__mlp_width": 384,
    "loss__projections": 256, "train__batch_size": 64, "train__steps": 300, "collect__episodes": 2000, "collect__steps": 100,
    "evaluation__clips": 512, "evaluation__times": 1, "probe__frames": 5000, "surprise__trajectories": 100,
}  # fmt: skip


@pytest.mark.slow
def test_without_sigreg_the_latents_collapse_and_with_it_they_do_not():
    """The twins differ in lambda alone. The regularised one tells where the agent is, and is surprised by a teleport at its very frame."""

    def finals(weight, *names):
        return [compute(plan(name, loss__sigreg=weight, **TWIN)).dir.status()["final"] for name in names]

    kept, probe, surprise = finals(0.09, "train", "probe", "surprise")
    fallen, calm = finals(0.0, "train", "surprise")
    assert kept["latent/std"] > 0.6 and fallen["latent/std"] < 0.05
    assert kept["val/sigreg"] < 4 and fallen["val/sigreg"] > 0.95 * 0.402 * 64
    assert fallen["val/prediction"] < 1e-3
    assert probe["probe/agent_location/linear/r"] > 0.85
    assert surprise["p/teleport"] < 1e-10 and surprise["detected/teleport"] > 0.9 and calm["detected/teleport"] < 0.3
    assert surprise["ratio/teleport"] > max(10, 5 * calm["ratio/teleport"])


# -- after a kill -----------------------------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_a_killed_training_goes_on_as_if_nothing_had_been(tmp_path, monkeypatch):
    """Rows, final numbers, weights and batch statistics."""
    numbers = signal.SIGKILL, signal.SIGTERM, signal.SIGKILL
    helpers.check_kills(lambda: plan("train", train__steps=12), lambda run: load(run).variables, numbers, tmp_path, monkeypatch)
