"""The decoder learns to draw what latents show, and what a model imagines is compared with what came."""

from dataclasses import replace

import helpers
import jax
import jax.numpy as jnp
import lewm_toys as toys
import lewm_world
import numpy as np
import optax
import pytest

from projects.lewm import decoder, imagine
from projects.lewm.clips import split_episodes
from projects.lewm.episodes import from_list
from projects.lewm.sight import Sight, thumbnails
from shared.checkpoint import load_weights


# -- the module -----------------------------------------------------------------------------------------------------------
def built(**changes):
    return decoder.build(lewm_world.config(**changes))


def test_latents_become_pictures_one_by_one():
    model = built()
    params, z = model.init(jax.random.key(0)), jax.random.normal(jax.random.key(1), (5, 8))
    frames = model.apply(params, z)
    assert frames.shape == (5, 16, 16, 3) and frames.dtype == jnp.float32
    assert np.asarray(model.apply(params, z[3:4])) == pytest.approx(np.asarray(frames[3:4]), abs=1e-5)
    assert np.abs(frames[0] - frames[1]).max() > 1e-3


def test_all_tokens_of_a_frame_are_looked_at():
    model = built(latent__tokens="patches")
    z = jax.random.normal(jax.random.key(1), (2, 4, 8))
    params = model.init(jax.random.key(0))
    frames = model.apply(params, z)
    for token in range(4):
        assert np.abs(frames - model.apply(params, z.at[:, token].add(1.0))).max() > 1e-3


def test_it_learns_a_handful_of_pictures():
    model, rng = built(), np.random.default_rng(0)
    z, frames = np.float32(rng.normal(size=(4, 8))), np.float32(rng.uniform(size=(4, 1, 1, 3)) * np.ones((4, 16, 16, 1)))
    tx = optax.adam(1e-2)

    @jax.jit
    def learn(params):
        def step(carry, _):
            params, state = carry
            loss, gradient = jax.value_and_grad(lambda p: jnp.mean((model.apply(p, z) - frames) ** 2))(params)
            update, state = tx.update(gradient, state)
            return (optax.apply_updates(params, update), state), loss

        return jax.lax.scan(step, (params, tx.init(params)), length=200)[1]

    losses = learn(model.init(jax.random.key(0)))
    assert losses[-1] < 1e-3 < losses[0]


def test_thumbnails():
    frames = np.zeros((2, 128, 130, 3))
    frames[0, :, 6:9] = 1.5
    frames[1] = -1
    small = thumbnails(frames)
    assert small.shape == (2, 42, 43, 3) and small.dtype == np.uint8
    assert (small[0, :, 2] == 255).all() and small[0].sum() == 42 * 3 * 255 and (small[1] == 0).all()
    assert np.array_equal(thumbnails(np.float32(np.arange(12).reshape(2, 2, 3) / 255))[..., 0], [[0, 3], [6, 9]]), "small ones stay"


# -- what is imagined -----------------------------------------------------------------------------------------------------
def paths(slip, **changes):
    """What `imagine` gives in the toy world."""
    model = toys.trained(slip=slip)
    episodes = from_list(toys.collect("long", 20, 100, 0))
    return model, episodes, imagine.imagine(model, Sight(model, toys.WORLD), episodes)


def test_who_knows_the_world_imagines_it_as_it_comes():
    _, episodes, (batch, z, imagined) = paths(slip=0)
    assert z.shape[1:] == (18, 3) and imagined.shape == (len(z), 15, 3) and batch["states"].shape == (len(z), 18, 2)
    assert imagined == pytest.approx(z[:, 3:], abs=1e-5) and np.abs(z[:, 3:] - z[:, 2:3]).max() > 0.05


def test_paths_are_of_episodes_that_are_held_out():
    model, episodes, (batch, _, _) = paths(slip=0)
    _, unseen = split_episodes(model.config, episodes)
    rows = [np.flatnonzero((episodes.states == state).all(1))[0] for state in batch["states"][:, 0]]
    assert set(episodes.episode[rows]) <= set(unseen) and len(set(rows)) == len(rows)


def test_short_episodes_are_imagined_as_far_as_they_go():
    model, episodes = toys.trained(slip=0), from_list(toys.collect("long", 20, 31, 0))
    _, z, imagined = imagine.imagine(model, Sight(model, toys.WORLD), episodes)
    assert z.shape[1] == 7 and imagined.shape[1] == 4


class Copy:
    """A decoder for the toy world, whose latents are the colour of the picture; it draws everything a little too bright."""

    @staticmethod
    def apply(params, z):
        return jnp.broadcast_to(z[:, None, None] + params, (len(z), toys.SIZE, toys.SIZE, 3))


def test_errors_of_every_step_and_the_frames_beside_each_other():
    _, _, (batch, z, imagined) = paths(slip=2.0)
    frames = lambda batch: toys.draw(batch["states"], toys.SIZE, False)  # noqa: E731
    curves, strips = jax.device_get(imagine.draw(Copy, frames, 3, 0.1, batch, z, imagined))
    assert set(curves) == {f"imagine/{name}" for name in ("latent", "latent_still", "pixel", "pixel_decoded", "pixel_still")}
    by_hand = {
        "latent": (imagined - z[:, 3:]) ** 2,
        "latent_still": (z[:, 2:3] - z[:, 3:]) ** 2,
        "pixel": (imagined + 0.1 - z[:, 3:]) ** 2,
        "pixel_decoded": np.full_like(imagined, 0.01),
        "pixel_still": (z[:, 2:3] - z[:, 3:]) ** 2,
    }
    for name, values in by_hand.items():
        assert curves[f"imagine/{name}"] == pytest.approx(values.mean((0, 2)), rel=1e-3, abs=1e-7), name
    assert curves["imagine/latent"][-1] > curves["imagine/latent"][0] > 0
    assert {name: frames.shape for name, frames in strips.items()} == dict.fromkeys(
        ("real", "decoded", "imagined"), (2, 18, toys.SIZE, toys.SIZE, 3)
    )
    assert np.array_equal(strips["decoded"][:, :3], strips["imagined"][:, :3]), "the frames it was given are not imagined"
    shown = imagine.pictures(strips, 3)
    assert shown["steps"].tolist() == [-2, -1, 0, 1, 3, 5, 7, 9, 11, 13, 15]
    assert shown["real"].shape == (2, 11, toys.SIZE, toys.SIZE, 3) and shown["real"].dtype == np.uint8


# -- the entries, from episodes to numbers --------------------------------------------------------------------------------
SETTINGS = {"imagine__steps": 40, "imagine__lr": 3e-3, "probe__embed": 60}


@pytest.fixture(scope="module")
def looked(tmp_path_factory):
    """(folder, runs by entry) of one tiny model and of the three entries that look at it."""
    folder = tmp_path_factory.mktemp("looks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPERCLUB_RUNS", str(folder))
        return folder, {name: lewm_world.compute(lewm_world.plan(name, **SETTINGS)) for name in ("imagine", "probe", "surprise")}


@pytest.fixture
def looks(looked, monkeypatch):
    folder, runs = looked
    monkeypatch.setenv("PAPERCLUB_RUNS", str(folder))
    return {name: run.dir for name, run in runs.items()}


def arrays(run):
    with np.load(run.path / "tables" / "arrays.npz") as file:
        return dict(file)


@pytest.mark.slow
def test_the_decoder_learns_and_what_it_learnt_is_kept(looks):
    rows, final = helpers.rows(looks["imagine"]), helpers.final(looks["imagine"])
    errors = [row["val/reconstruction"] for row in rows if "val/reconstruction" in row]
    assert errors[-1] == final["val/reconstruction"] < 0.5 * errors[0]
    assert load_weights(looks["imagine"], decoder.build(lewm_world.config()))["leave"]["kernel"].shape == (16, 768)


@pytest.mark.slow
def test_one_row_per_imagined_step_after_those_of_the_training(looks):
    rows, final = helpers.rows(looks["imagine"]), helpers.final(looks["imagine"])
    ahead = [row for row in rows if "horizon" in row]
    assert [row["horizon"] for row in ahead] == list(range(1, final["horizon"] + 1))
    assert [row["step"] for row in ahead] == [40 + row["horizon"] for row in ahead] and rows[-1] == ahead[-1]
    assert all(final[name] == value for name, value in ahead[-1].items() if name != "step")


@pytest.mark.slow
def test_what_the_other_entries_say(looks):
    probe, surprise = (helpers.final(looks[name]) for name in ("probe", "surprise"))
    assert {"probe/agent_location/linear/mse", "probe/agent_location/mlp/r", "latent/std", "latent/rank", "latent/straightness",
            "latent/sigreg", "neighbours/latent", "neighbours/plane"} <= set(probe)  # fmt: skip
    assert {"surprise/teleport", "p/visual", "peak_ratio/teleport", "detected/teleport", "auroc/teleport"} <= set(surprise)


@pytest.mark.slow
def test_what_they_leave_to_draw_is_small(looks):
    assert all((run.path / "tables" / "arrays.npz").stat().st_size < 3e5 for run in looks.values())
    imagined, probe, surprise = (arrays(looks[name]) for name in ("imagine", "probe", "surprise"))
    assert imagined["real"].shape == imagined["decoded"].shape == imagined["imagined"].shape
    assert probe["plane"].shape == probe["quantity_agent_location"].shape == (7 * 7, 2)  # a grid of at most 60
    assert surprise["example_frames"].shape == (3, 6, 16, 16, 3)


@pytest.mark.slow
def test_an_interrupted_decoder_goes_on_as_if_nothing_had_been(looks, monkeypatch):
    plan, fit = lewm_world.plan("imagine", **SETTINGS), imagine.fit
    target = plan.runs[plan.targets[0]]
    before = helpers.rows(target.dir), helpers.final(target.dir), arrays(target.dir)

    def interrupted(task, schedule, run):
        def batch(step):
            run.stopped = "preempted" if step == 17 else run.stopped
            return task.batch(step)

        return fit(replace(task, batch=batch), schedule, run)

    target.dir.update(state="queued")
    monkeypatch.setattr(imagine, "fit", interrupted)
    assert helpers.work([target]) == 0 and target.dir.state() == "preempted"
    monkeypatch.setattr(imagine, "fit", fit)
    assert helpers.work([target]) == 0 and target.dir.state() == "done"
    assert (helpers.rows(target.dir), helpers.final(target.dir)) == before[:2]
    assert all(np.array_equal(array, before[2][name]) for name, array in arrays(target.dir).items())
