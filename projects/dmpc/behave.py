"""Trains the policy whose checkpoints play the data: Soft Actor-Critic, once per environment.

A round is U steps of the environment and then U updates in one program. Everything random is a function of the seed and the step, so an
interrupted training goes on, bit by bit, as if it had not been interrupted.
"""

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from ml_collections import ConfigDict

from projects.dmpc.actor import Actor, Policy, random, returns
from projects.dmpc.envs import Environments, environments
from projects.dmpc.sac import Settings, init, updater
from shared.fit import stream
from shared.lowering import Ahead, Program, parameter_count
from shared.run import Run
from shared.sharding import make_mesh

Tree = Any
ACTING, SAMPLING, STARTING, JUDGING = range(4)  # what a stream of random numbers is for


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Leaves tables/actor-<steps>.npz at every checkpoint: an actor, and the returns of its evaluation by its most likely actions (`mode`)
    and by `sampled` ones. Returns the best mean of either. None when it was asked to stop before the end, or has diverged."""
    wanted = config.behave
    worlds, judges = environments(config.env, wanted.copies), environments(config.env, wanted.episodes)
    settings = Settings(worlds.spec.state_size, worlds.spec.action_size, wanted.width, wanted.lr, wanted.discount, wanted.slowness)
    play, learn = Play(worlds, wanted.steps, config.seed), updater(settings, config.seed)
    learner = jax.jit(init, static_argnums=0)(settings, stream({"seed": config.seed}, "init"))
    restored = run.restore(abstract({"learner": learner, "play": play.snapshot()}, make_mesh(run.mesh_axes)))
    if restored:
        tree = jax.tree.map(lambda leaf: np.asarray(leaf)[0], restored[0])
        learner = jax.tree.map(jnp.asarray, tree["learner"])
        play.resume(tree["play"])

    run.steps = wanted.steps
    saved, mark, since = time.monotonic(), time.monotonic(), play.done
    while play.done < wanted.steps:
        learning = play.done >= wanted.warmup
        play.forward(wanted.round, Actor.of(learner["actor"]).sample if learning else random(worlds.spec))
        if learning:
            learner, numbers = learn(learner, play.batches(wanted.round, wanted.batch_size))
        done = run.step = play.done
        if learning and done * wanted.checkpoints // wanted.steps > (done - wanted.round) * wanted.checkpoints // wanted.steps:
            numbers = {f"train/{name}": float(value) for name, value in numbers.items()}
            speed = (done - since) / (time.monotonic() - mark)
            if not np.isfinite([*numbers.values()]).all():
                run.end(0, "diverged", step=done, error=f"values not finite by step {done}: take a smaller behave.lr than {wanted.lr:g}")
                return None
            found = judge(run, judges, Actor.of(learner["actor"]), (config.seed, JUDGING), done)
            run.log(done, numbers | {f"return/{name}": values.mean() for name, values in found.items()} | {"perf/steps_per_s": speed})
            mark, since = time.monotonic(), done
        if done < wanted.steps and (run.stopping or time.monotonic() - saved > 60 * config.save.every_minutes):
            if any(run.active):
                run.save(done, jax.tree.map(lambda leaf: leaf[None], {"learner": learner, "play": play.snapshot()}))
            if run.stopping:
                return None
            saved = time.monotonic()
    return best(run)


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    """The updates of a round, on one device; the environment is played on the host."""
    wanted, env = config.behave, config.env
    settings = Settings(env.states, env.actions, wanted.width, wanted.lr, wanted.discount, wanted.slowness)
    learner = jax.eval_shape(lambda key: init(settings, key), jax.random.key(0))
    sizes = {"states": (env.states,), "actions": (env.actions,), "rewards": (), "failed": (), "next_states": (env.states,)}
    rows = {
        name: jax.ShapeDtypeStruct((wanted.round, wanted.batch_size, *size), bool if name == "failed" else jnp.float32)
        for name, size in sizes.items()
    }
    learned = parameter_count({name: learner[name] for name in ("actor", "critics")})
    return [Program("updates of a round", updater(settings, 0), (learner, rows), (wanted.steps - wanted.warmup) / wanted.round, learned)]


class Play:
    """The copies of an environment and every transition that was seen in them."""

    def __init__(self, worlds: Environments, steps: int, seed: int):
        """Room for `steps` transitions."""
        states, actions = worlds.spec.state_size, worlds.spec.action_size
        self.worlds, self.seed = worlds, seed
        self.done, self.begun = 0, 0  # steps, episodes
        self.seen = {
            "states": np.zeros((steps, states), np.float32),
            "actions": np.zeros((steps, actions), np.float32),
            "rewards": np.zeros(steps, np.float32),
            "failed": np.zeros(steps, bool),
            "next_states": np.zeros((steps, states), np.float32),
        }

    def forward(self, steps: int, policy: Policy) -> None:
        """So many steps, of all copies together; one that is finished begins anew."""
        rng = np.random.default_rng((self.seed, ACTING, self.done))
        for _ in range(steps // self.worlds.count):
            finished = np.flatnonzero(~self.worlds.alive)
            self.worlds.begin(finished, [(self.seed, STARTING, self.begun + place) for place in range(len(finished))])
            self.begun += len(finished)
            states = self.worlds.observations.copy()
            actions = policy(states, rng)
            step = self.worlds.step(actions)
            rows = slice(self.done, self.done + self.worlds.count)
            for name, values in zip(self.seen, (states, actions, step.rewards, step.terminals, step.observations), strict=True):
                self.seen[name][rows] = values
            self.done += self.worlds.count

    def batches(self, count: int, size: int) -> Tree:
        """Transitions drawn from all that were seen, [count, size, ...]."""
        chosen = np.random.default_rng((self.seed, SAMPLING, self.done)).integers(self.done, size=(count, size))
        return {name: values[chosen] for name, values in self.seen.items()}

    def snapshot(self) -> Tree:
        return {"worlds": self.worlds.snapshot(), "seen": self.seen, "counts": np.array([self.done, self.begun], np.int32)}

    def resume(self, snapshot: Tree) -> None:
        self.worlds.resume(snapshot["worlds"])
        self.seen = {name: np.array(snapshot["seen"][name]) for name in self.seen}
        self.done, self.begun = map(int, snapshot["counts"])


def abstract(tree: Tree, mesh: Mesh) -> Tree:
    """What a checkpoint of it looks like: a leading axis for the one member, and whole on every device."""
    place = NamedSharding(mesh, PartitionSpec())
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((1, *leaf.shape), leaf.dtype, sharding=place), tree)


def judge(run: Run, judges: Environments, actor: Actor, seed: tuple[int, ...], done: int) -> dict[str, np.ndarray]:
    """An episode by every judge, always from the same starts: the returns [episodes] by name. Writes them beside the actor."""
    found = {"mode": returns(judges, actor.mode, seed), "sampled": returns(judges, actor.sample, seed)}
    actor.save(run.table(0, f"actor-{done:08d}.npz"), **found)
    return found


def best(run: Run) -> dict[str, float]:
    """The best mean returns of all checkpoints, also of those before an interruption."""
    run.flush()
    rows = [row for row in run.members[0].metrics() if "return/mode" in row]
    return {name: max(row[f"return/{name}"] for row in rows) for name in ("mode", "sampled")}
