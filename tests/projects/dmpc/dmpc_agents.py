"""Agents for tests: untrained networks whose every number matters, and one that knows the ring as it is."""

from functools import cache
from typing import Any, NamedTuple

import helpers
import jax
import jax.numpy as jnp
import numpy as np
from dmpc_world import config, plan
from ml_collections import ConfigDict

from launch import sweep
from launch.plan import RunSpec
from projects.dmpc.envs import ring
from projects.dmpc.parts import part
from projects.dmpc.trained import Agent, Trained, agent

TINY = {
    "windows__horizon": 4, "windows__history": 2, "model__width": 8, "model__heads": 2, "model__head_dim": 4, "model__mlp_width": 16,
    "model__layers": 1, "model__value_layers": 1, "model__hidden": 8, "diffusion__levels": 20, "plan__proposal_steps": 3,
    "plan__dynamics_steps": 2, "plan__candidates": 8,
}  # fmt: skip
# of whole runs: how they plan is left to each
SMALL = {name: value for name, value in TINY.items() if name.startswith(("windows", "model", "diffusion"))}
SMALL |= {"windows__history": 1, "train__steps": 8, "train__batch_size": 8, "train__windows": 16, "optim__warmup": 1,
          "collect__transitions": 300}  # fmt: skip


def tiny(**changes: Any) -> ConfigDict:
    return config(**({"entry": "train"} | TINY | changes))


def untrained(name: str, **changes: Any) -> Trained:
    """A part none of whose parameters is zero, the head least of all, with scales that are not plain."""
    settings = tiny(train__part=name, **changes)
    model, rng = part(settings), np.random.default_rng(len(name))
    variables = jax.eval_shape(model.init, jax.random.key(0))
    weights = jax.tree.map(lambda leaf: jnp.float32(0.5 * rng.normal(size=leaf.shape)), variables["weights"])
    stats = jax.tree.map(lambda leaf: jnp.float32(rng.uniform(0.5, 1, leaf.shape)), variables["stats"])
    stats["states"]["reach"] = jnp.full(model.states, 3.0)
    return Trained(f"run-{name}", settings, model, {"weights": weights, "stats": stats})


NAMES = ("proposal", "dynamics", "value")  # of D-MPC


@cache
def networks(*names: str, **changes: Any) -> tuple[Agent, Any]:
    """An agent of these parts, D-MPC's unless named."""
    return agent({name: untrained(name, **changes) for name in names or NAMES}, tiny(**changes).plan)


class Perfect(NamedTuple):
    """Pushes steadily to wherever the dice say, and knows what follows. Its variables: how far a push can reach."""

    history: int = 1
    horizon: int = 8
    states: int = 4
    actions: int = 2
    abstract: Any = jax.ShapeDtypeStruct((), jnp.float32)

    def propose(self, variables, history, past, key):
        push = jax.random.uniform(key, (len(history), 1, 2), minval=-variables, maxval=variables)
        return jnp.broadcast_to(push, (len(history), self.horizon, 2)), None

    def predict(self, variables, history, past, actions, key):
        def one(state, action):
            after = ring.step(state, action)[0]
            return after, after

        return jax.lax.scan(one, history[:, -1], actions.swapaxes(0, 1))[1].swapaxes(0, 1)


def around(variables, now, states, actions):
    """The ring's reward over a plan, less 10 for every step outside: what a perfect J would look ahead."""
    before = jnp.concatenate([jnp.broadcast_to(now[:, None, None], (*states.shape[:2], 1, 4)), states[:, :, :-1]], 2)
    _, rewards, failed = ring.step(before, actions)
    return jnp.sum(rewards - 10 * failed, -1)


def keys(count: int, seed: int = 0) -> jax.Array:
    return jax.random.split(jax.random.key(seed), count)


def compute(name: str, **changes: Any) -> RunSpec:
    """Every run of a plan, one after the other, in this process. Returns the one that was asked for."""
    wanted = plan(name, **changes)
    sweep.create(wanted)
    for run in wanted.runs.values():
        assert helpers.work([run]) == 0, run.dir.status()["error"]
    return wanted.runs[wanted.targets[0]]
