"""Our side of bench/dmpc.py, a process that is timed on request: python -m bench._dmpc TASK CORES CONFIG

TASK is plan, train, collect (data as dmpc/collect plays them), gymnasium or mujoco (the simulator alone, the same episodes by the same
actions), or golden, which serves nobody: it writes to the file config.golden what PyTorch's side needs to compute the same, and what we
have computed. CONFIG is the JSON of a resolved config of dmpc, with `task` (plan or train) and `golden` besides for golden, `environments`
for a plan.
"""

import json
import sys

from bench import _ours, _side

_ours.begin()

from collections.abc import Callable  # noqa: E402
from typing import Any  # noqa: E402

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import optax  # noqa: E402
from ml_collections import ConfigDict  # noqa: E402

from bench._ours import seconds  # noqa: E402
from projects.dmpc import collect, objectives, train  # noqa: E402
from projects.dmpc.actor import Actor  # noqa: E402
from projects.dmpc.envs import environments  # noqa: E402
from projects.dmpc.parts import Part, part  # noqa: E402
from projects.dmpc.planner import planner  # noqa: E402
from projects.dmpc.trained import Agent  # noqa: E402
from projects.dmpc.transitions import Transitions  # noqa: E402
from shared import fit  # noqa: E402

Tree = Any
NAMES = ("proposal", "dynamics", "value")
ROWS = 16_000  # transitions at least that are played at a time


def named(config: ConfigDict, name: str) -> Part:
    config = config.copy_and_resolve_references()
    config.train.part = name
    return part(config)


def drawn(model: Part, seed: int) -> Tree:
    """Variables none of which is 0, the heads' least of all; scales that are not plain."""
    rng, variables = np.random.default_rng(seed), fit.born(model.init, None)(jax.random.key(seed))
    weights = jax.tree.map(lambda leaf: np.asarray(leaf) + np.float32(0.05 * rng.standard_normal(leaf.shape)), variables["weights"])
    stats = jax.tree.map(lambda leaf: np.float32(rng.uniform(0.5, 1, leaf.shape)), variables["stats"])
    stats["states"]["reach"] = np.full(model.states, 3, np.float32)
    return {"weights": weights, "stats": stats}


# -- planning ---------------------------------------------------------------------------------------------------------------------------
def asked(config: ConfigDict) -> tuple[Callable, Tree, np.ndarray, jax.Array]:
    """The compiled planner, its variables, states [E, S] and keys [E]."""
    agent = Agent({name: named(config, name) for name in NAMES}, 1, config.plan)
    variables = {name: drawn(model, seed) for seed, (name, model) in enumerate(agent.parts.items())}
    now = np.random.default_rng(0).standard_normal((config.environments, config.env.states), np.float32)
    return planner(agent, config.plan, objectives.learned(agent)), variables, now, jax.random.split(jax.random.key(1), len(now))


def stood_still(config: ConfigDict) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Actions before now [E, 1, A], the plan before [E, F, A] and who still plays [E]."""
    count, actions = config.environments, config.env.actions
    return (*(np.zeros((count, steps, actions), np.float32) for steps in (1, config.windows.horizon)), np.ones(count, bool))


def planning(config: ConfigDict) -> None:
    find, variables, now, keys = asked(config)
    rng, rest = np.random.default_rng(0), (*stood_still(config), keys)

    def timed() -> float:
        return seconds(find, variables, rng.standard_normal((len(now), 1, config.env.states), np.float32), *rest)

    _side.serve(timed, warm=1, parameters=sum(leaf.size for one in variables.values() for leaf in jax.tree.leaves(one["weights"])))


def golden_plan(config: ConfigDict) -> dict[str, np.ndarray]:
    """What the planner draws, and what comes of it."""
    find, variables, now, keys = asked(config)
    found = find(variables, now[:, None], *stood_still(config), keys)
    shape = config.plan.candidates, config.windows.horizon
    acting, moving = (
        jnp.concatenate([jax.random.normal(jax.random.split(key)[which], (*shape, size)) for key in keys])
        for which, size in ((0, config.env.actions), (1, config.env.states))
    )
    arrays = {"now": now, "acting": acting, "moving": moving, **found._asdict()}
    for name, one in variables.items():
        arrays |= flat(one["weights"], f"{name}/") | flat(one["stats"], f"{name}.")
    return arrays


# -- training ---------------------------------------------------------------------------------------------------------------------------
def windows(config: ConfigDict) -> dict[str, np.ndarray]:
    """A batch."""
    rng, rows, horizon = np.random.default_rng(0), config.train.batch_size, config.windows.horizon
    shapes = {"history": (1, config.env.states), "past": (1, config.env.actions), "actions": (horizon, config.env.actions)}
    shapes |= {"states": (horizon, config.env.states), "value": ()}
    batch = {name: rng.standard_normal((rows, *shape), np.float32) for name, shape in shapes.items()}
    return batch | {"mask": np.float32(np.arange(horizon) < rng.integers(1, 2 * horizon, (rows, 1)))}


def training(config: ConfigDict) -> None:
    """The step that shared.fit compiles for projects/dmpc/train.py, of a pack of one."""
    model, batch = part(config), jax.tree.map(lambda leaf: leaf[None], windows(config))
    task = train.task(config, model, model.init, lambda step: batch, lambda variables: {}, train.rule(config))
    init_state, step = fit.build(task, 100)
    hyper = {"seed": jnp.array([0]), "optim.lr": jnp.array([config.optim.lr])}
    state, step = fit.born(init_state, None)(hyper), jax.jit(step, donate_argnums=0)
    count = sum(leaf.size for leaf in jax.tree.leaves(state["params"]["weights"]))

    def advance() -> dict[str, jax.Array]:
        nonlocal state
        state, metrics = step(state, batch, hyper)
        return metrics

    _side.serve(lambda: seconds(advance), warm=2, parameters=count)


def golden_train(config: ConfigDict) -> dict[str, np.ndarray]:
    """What a loss draws, its value and the norm of its gradient."""
    model, batch, key = part(config), windows(config), jax.random.key(1)
    variables = drawn(model, 0)
    of = lambda weights: model.loss({**variables, "weights": weights}, batch, key)  # noqa: E731
    loss, gradient = jax.jit(jax.value_and_grad(of))(variables["weights"])
    level, noise = jax.random.split(key)
    x0 = batch["states"] if config.train.part == "dynamics" else batch["actions"]
    found = {"loss": loss, "norm": optax.global_norm(gradient), "eps": jax.random.normal(noise, x0.shape)}
    found["k"] = jax.random.randint(level, x0.shape[:1], 0, config.diffusion.levels)
    return found | flat(variables["weights"], f"{config.train.part}/") | flat(batch, "batch/")


def golden(config: ConfigDict) -> None:
    arrays = {"plan": golden_plan, "train": golden_train}[config.task](config)
    np.savez(config.golden, **{name: np.asarray(values) for name, values in arrays.items()})


def flat(tree: Tree, before: str) -> dict[str, jax.Array]:
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {before + "/".join(str(step.key) for step in path): leaf for path, leaf in leaves}


# -- data -------------------------------------------------------------------------------------------------------------------------------
def played(config: ConfigDict) -> Callable[[], Transitions]:
    """Episodes as dmpc/collect plays them, always the same ones, by an actor of the size of those that are trained."""
    worlds, rng, width = environments(config.env, collect.COPIES), np.random.default_rng(0), config.behave.width
    sizes = worlds.spec.state_size, width, width, 2 * worlds.spec.action_size
    kernels = tuple(np.float32(rng.standard_normal(shape) / shape[0] ** 0.5) for shape in zip(sizes[:-1], sizes[1:], strict=True))
    actor = Actor(kernels, tuple(np.zeros(size, np.float32) for size in sizes[1:]))
    return lambda: collect.play(worlds, actor.sample, ROWS, (0,))


def collecting(config: ConfigDict) -> None:
    play = played(config)
    _side.serve(lambda: seconds(play), warm=1, rows=len(play()))


def simulating(config: ConfigDict, step: Callable[[Any, np.ndarray], object]) -> None:
    """From the starts of the episodes that we play, by the same actions."""
    data, world = played(config)(), environments(config.env, 1).copies[0]
    actions = data.actions.astype(np.float64)

    def again() -> None:
        for first, last in zip(data.offsets.tolist(), data.ends.tolist(), strict=True):
            world.set_state(data.qpos[first], data.qvel[first])
            for row in range(first, last + 1):
                step(world, actions[row])

    _side.serve(lambda: seconds(again), warm=1, rows=len(data))


def gymnasium(config: ConfigDict) -> None:
    simulating(config, lambda world, action: world.step(action))


def mujoco(config: ConfigDict) -> None:
    import mujoco

    def step(world: Any, action: np.ndarray) -> None:
        world.data.ctrl[:] = action
        mujoco.mj_step(world.model, world.data, nstep=world.frame_skip)

    simulating(config, step)


if __name__ == "__main__":
    tasks = {"plan": planning, "train": training, "golden": golden, "collect": collecting, "gymnasium": gymnasium, "mujoco": mujoco}
    tasks[sys.argv[1]](ConfigDict(json.loads(sys.argv[3])))
