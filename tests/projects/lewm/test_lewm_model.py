"""The world model: its size, what reaches what, and how batches that are split over devices count as one."""

import helpers
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from lewm_world import config

from configs.lewm import base
from projects.lewm.model import build, parameter_count

KEY = jax.random.key(0)
VARIANTS = (
    {}, {"latent__tokens": "patches"}, {"predictor__width": 24}, {"encoder__kind": "resnet", "images__size": 32}, {"env__name": "cube"},
    {"clips__history": 2},
)  # fmt: skip


def test_the_paper_scale_has_the_papers_parameters():
    made = config("paper")
    assert parameter_count(build(made)) == 18_034_478
    parts = base.parameters(made)
    assert (parts["encoder"], parts["projector"], parts["actions"], parts["predictor"]) == (5_501_376, 792_768, 156_206, 10_791_360)


@pytest.mark.parametrize("changes", [*VARIANTS, {"loss__kind": "pldm"}])
def test_the_config_counts_the_parameters_that_the_model_has(changes):
    made = config(**changes)
    assert sum(base.parameters(made).values()) == parameter_count(build(made))


def clip(made, rows=4):
    """Random clips: frames [B, 4, H, W, 3], blocks [B, 4, 5A]."""
    size, frames = made.images.size, made.clips.history + 1
    pictures = jax.random.uniform(KEY, (rows, frames, size, size, 3))
    return pictures, jax.random.normal(KEY, (rows, frames, made.clips.frameskip * made.env.actions))


@pytest.mark.parametrize("changes", VARIANTS)
def test_training_and_looking_have_the_shapes_they_promise(changes):
    made = config(**changes)
    model = build(made)
    variables, (frames, blocks) = model.init(KEY), clip(made)
    z, ahead, stats = jax.eval_shape(model.learn, variables, frames, blocks, KEY)
    assert z.shape[:2] == (4, made.clips.history + 1) and z.shape[-1] == made.latent.width
    assert ahead.shape == (4, made.clips.history, *z.shape[2:])
    assert jax.tree.map(jnp.shape, stats) == jax.tree.map(jnp.shape, variables["stats"])
    assert jax.eval_shape(model.encode, variables, frames).shape == z.shape
    names = jax.tree.structure(model.axes, is_leaf=lambda leaf: isinstance(leaf, tuple) and not hasattr(leaf, "_fields"))
    assert names == jax.tree.structure(variables)


def awake(model):
    """Variables whose gates are open: at the start the predictor ignores actions and its attention."""
    variables = model.init(KEY)
    weights = jax.tree.map(lambda leaf: leaf + 0.2 * jax.random.normal(KEY, leaf.shape), variables["weights"])
    return variables | {"weights": weights}


def test_at_the_start_predictions_ignore_actions():
    made = config()
    model = build(made)
    z, blocks = jax.random.normal(KEY, (2, 3, made.latent.width)), jax.random.normal(KEY, (2, 3, 10))
    predict = jax.jit(model.predict)
    variables = model.init(KEY)
    np.testing.assert_array_equal(predict(variables, z, blocks), predict(variables, z, -blocks))
    variables = awake(model)
    assert jnp.abs(predict(variables, z, blocks) - predict(variables, z, -blocks)).max() > 1e-3


@pytest.mark.parametrize("changes", [{}, {"latent__tokens": "patches"}])
def test_predictions_look_back_and_not_ahead(changes):
    made = config(**changes)
    model = build(made)
    variables = awake(model)
    z = jax.random.normal(KEY, (1, 3, 4, 8) if changes else (1, 3, 8))
    blocks = jax.random.normal(KEY, (1, 3, 10))
    for jacobian in jax.jit(jax.jacobian(lambda z, blocks: model.predict(variables, z, blocks), (0, 1)))(z, blocks):
        lead = z.ndim
        reach = jnp.abs(jnp.moveaxis(jacobian, (1, lead + 1), (0, 1))).reshape(3, 3, -1).max(-1) > 1e-7
        np.testing.assert_array_equal(reach, np.tril(np.ones((3, 3), bool)))


def test_a_history_longer_than_the_table_of_positions_is_refused():
    made = config()
    model = build(made)
    with pytest.raises(ValueError, match="4 frames of history, and the predictor knows 3"):
        model.predict(model.init(KEY), jnp.zeros((1, 4, 8)), jnp.zeros((1, 4, 10)))


def test_what_training_saw_of_the_batch_reaches_evaluation():
    """Evaluation uses the running moments: after many passes over one batch it sees what training saw."""
    made = config(predictor__dropout=0.0)
    model = build(made)
    variables, (frames, blocks) = model.init(KEY), clip(made, 32)
    learn, encode = jax.jit(model.learn), jax.jit(model.encode)
    z, ahead, _ = learn(variables, frames, blocks, KEY)
    assert jnp.abs(encode(variables, frames) - z).max() > 0.1
    for _ in range(150):
        variables = variables | {"stats": learn(variables, frames, blocks, KEY)[2]}
    count = frames.shape[0] * frames.shape[1]
    np.testing.assert_allclose(encode(variables, frames), z, atol=0.02 + 1 / count)
    np.testing.assert_allclose(jax.jit(model.predict)(variables, z[:, :-1], blocks[:, :-1]), ahead, atol=0.02 + 1 / count)


def test_the_planners_way_to_predict_is_the_same():
    model = build(config())
    variables, z, blocks = awake(model), jax.random.normal(KEY, (5, 3, 8)), jax.random.normal(KEY, (5, 3, 10))
    again = jax.jit(lambda *words: model.forecast(*words[:2], model.modulations(words[0], words[2])))(variables, z, blocks)
    np.testing.assert_allclose(jax.jit(model.predict)(variables, z, blocks), again, atol=1e-6)


@pytest.mark.parametrize("changes", [{}, {"latent__tokens": "patches"}, {"predictor__width": 24, "predictor__layers": 2}])
def test_frame_by_frame_the_predictions_are_the_same(changes):
    model = build(config(**changes))
    variables, blocks = awake(model), jax.random.normal(KEY, (2, 3, 10))
    z = jax.random.normal(KEY, (2, 3, 4, 8) if "latent__tokens" in changes else (2, 3, 8))

    @jax.jit
    def both(variables, z, blocks):
        modulations, past, found = model.modulations(variables, blocks), None, []
        for step in range(3):
            ahead, past = model.extend(variables, z[:, step], modulations[:, :, step], past)
            found.append(ahead)
        return jnp.stack(found, 1), model.forecast(variables, z, modulations)

    np.testing.assert_allclose(*both(variables, z, blocks), atol=1e-5)


SPLIT = """
    import sys
    sys.path.insert(0, "tests/projects/lewm"), sys.path.insert(0, "tests")
    import jax, jax.numpy as jnp, numpy as np
    jax.config.update("jax_num_cpu_devices", 8)
    from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
    from lewm_world import config
    from projects.lewm import train
    from projects.lewm.model import build

    made = config(predictor__dropout=0.1, train__batch_size=16)
    model, key = build(made), jax.random.key(0)
    frames = jax.random.uniform(key, (16, 4, 16, 16, 3)) ** jnp.arange(1, 17)[:, None, None, None, None]  # rows that differ by device
    blocks = jax.random.normal(key, (16, 4, 10))

    def loss(variables, frames, blocks):
        value, terms = train.loss(made, model, lambda batch: batch["frames"], variables, {"frames": frames, "actions": blocks}, key, 0.1)
        return value, terms["stats"]

    step = jax.jit(jax.value_and_grad(loss, has_aux=True, allow_int=True))
    variables = jax.jit(model.init)(key)
    (one, stats), gradient = step(variables, frames, blocks)
    place = NamedSharding(Mesh(np.array(jax.devices()), ("data",)), P("data"))
    (eight, others), split = step(variables, *jax.device_put((frames, blocks), place))
    apart = lambda a, b: max(jax.tree.leaves(jax.tree.map(lambda a, b: float(np.abs(np.asarray(a) - np.asarray(b)).max()), a, b)))
    print(float(one), float(eight), apart(stats, others), apart(gradient["weights"], split["weights"]))
"""


def test_the_loss_of_a_batch_on_eight_devices_is_that_on_one():
    """BatchNorm, SIGReg and dropout see the whole batch, wherever its rows lie."""
    one, eight, stats, gradient = map(float, helpers.script(SPLIT).splitlines()[-1].split())
    assert eight == pytest.approx(one, rel=1e-5)
    assert stats < 1e-5 and gradient < 2e-4
