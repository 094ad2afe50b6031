"""Our side of bench/lewm.py, a process that is timed on request: python -m bench._lewm TASK CORES CONFIG

TASK is draw, train, plan or product; CONFIG the JSON of a resolved config of lewm: for draw with `states` [N, S] besides, of which
`frames` are drawn at a time, for product with nothing but the `size` of a square matrix.
"""

import json
import sys

from bench import _ours, _side

_ours.begin()


import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from ml_collections import ConfigDict  # noqa: E402

from bench._ours import seconds  # noqa: E402
from projects.lewm import train  # noqa: E402
from projects.lewm.clips import ActionScale  # noqa: E402
from projects.lewm.envs import environment  # noqa: E402
from projects.lewm.model import build, parameter_count  # noqa: E402
from projects.lewm.planner import planner  # noqa: E402
from shared import fit  # noqa: E402


def drawing(config: ConfigDict) -> None:
    world, rng, known = environment(config.env.name), np.random.default_rng(0), np.float32(config.states)
    draw = jax.jit(lambda states: world.draw(states, config.images.size, False))

    def timed() -> float:
        return seconds(draw, known[rng.integers(len(known), size=config.frames)])

    _side.serve(timed, mean=float(draw(known).mean()))


def training(config: ConfigDict) -> None:
    """The step that shared.fit compiles for projects/lewm/train.py, of a pack of one."""
    model, frames, rng = build(config), train.frames_of(config), np.random.default_rng(0)
    scale = ActionScale(np.zeros(config.env.actions), np.ones(config.env.actions))
    shape = 1, config.train.batch_size, config.clips.history + 1

    def batch(step: int) -> dict[str, np.ndarray]:
        blocks = rng.standard_normal((*shape, config.clips.frameskip * config.env.actions), np.float32)
        return {"actions": blocks, "states": 14 + 195 * rng.random((*shape, 2), np.float32)}

    task = fit.Task(
        init=lambda key, hyper: train.init(config, model, scale, key),
        loss=lambda variables, batch, key, hyper: train.loss(config, model, frames, variables, batch, key, hyper["loss.sigreg"]),
        optimizer=lambda hyper: train.optimizer(config, hyper["optim.lr"]),
        batch=batch,
        evaluate=lambda variables: {},
        axes=train.axes(config, model),
        tokens_per_batch=config.train.batch_size,
        buffers=("stats",),
    )
    init_state, step = fit.build(task, 100)
    fields = {"seed": 0, "optim.lr": config.optim.lr, "loss.sigreg": config.loss.sigreg}
    hyper = {name: jnp.array([value]) for name, value in fields.items()}
    state, step = fit.born(init_state, None)(hyper), jax.jit(step, donate_argnums=0)

    def advance(clips: dict[str, np.ndarray]) -> dict[str, jax.Array]:
        nonlocal state
        state, metrics = step(state, clips, hyper)
        return metrics

    _side.serve(lambda: seconds(advance, batch(0)), warm=2, parameters=parameter_count(model))


def planning(config: ConfigDict) -> None:
    model, rng, size = build(config), np.random.default_rng(0), config.images.size
    bound = np.full(config.clips.frameskip * config.env.actions, 2.0, np.float32)
    find, variables = planner(model, config.plan, config.clips.history, -bound, bound), fit.born(model.init, None)(jax.random.key(0))
    past, keys = np.zeros((1, config.plan.history - 1, len(bound)), np.float32), jax.random.split(jax.random.key(1), 1)

    def timed() -> float:
        start, goal = rng.integers(256, size=(2, 1, size, size, 3), dtype=np.uint8)
        return seconds(find, variables, start[:, None], past, goal, keys)

    _side.serve(timed, warm=1, parameters=parameter_count(model))


def product(config: ConfigDict) -> None:
    multiply, (a, b) = jax.jit(jnp.matmul), jax.random.normal(jax.random.key(0), (2, config.size, config.size))
    _side.serve(lambda: seconds(multiply, a, b))


if __name__ == "__main__":
    tasks = {"draw": drawing, "train": training, "plan": planning, "product": product}
    tasks[sys.argv[1]](ConfigDict(json.loads(sys.argv[3])))
