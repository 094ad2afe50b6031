"""The one training loop. A paper hands over pure functions; the loop owns restore, jit, shardings, donation, logging,
evaluation, checkpoints, preemption, the NaN policy and the speed numbers.

Everything carries a leading member axis: a solo run is a pack of one. Members differ only in `run.hyper`, whose values
enter the step as arrays, so a pack is one program, compiled once, and a member that diverges stays in its own lane.
"""

import functools
import gc
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import NamedSharding, PartitionSpec

from shared import hosts
from shared.run import Run
from shared.sharding import batch_sharding, make_mesh, shardings

Tree = Any
Hyper = dict[str, jax.Array]


@dataclass(frozen=True)
class Task:
    """What a paper trains. Functions see one member; `batch` and `evaluate` see all of them."""

    init: Callable[[jax.Array, Hyper], Tree]  # key -> params
    loss: Callable[[Tree, Tree, jax.Array, Hyper], tuple[jax.Array, dict]]  # params, batch, key -> loss, metrics
    optimizer: Callable[[Hyper], optax.GradientTransformation]
    batch: Callable[[int], Tree]  # step -> numpy arrays [members, rows, ...]; a pure function of the step
    evaluate: Callable[[Tree], dict[str, Any]]  # params [members, ...] -> name -> numbers [members]
    axes: Tree  # logical axis names of the params
    tokens_per_batch: int  # what one member consumes per step, for tokens/s
    buffers: tuple[str, ...] = ()  # entries of params that no gradient moves (batch statistics): the loss gives the new ones as metrics
    ema: float | None = None  # decay, in (0, 1), of a mean over steps of what is trained; then that mean is evaluated and returned


@dataclass(frozen=True)
class Schedule:
    """When things happen, in steps (saving: in minutes, since its price is paid in time)."""

    steps: int
    log_every: int
    evaluate_every: int
    save_minutes: float


@dataclass(frozen=True)
class Fitted:
    params: Tree  # [members, ...]
    final: dict[str, Any]  # the last evaluation, and the speed


def fit(task: Task, schedule: Schedule, run: Run) -> Fitted | None:
    """Trains to the end and returns the parameters; None when asked to stop first (the state is then saved)."""
    mesh = make_mesh(run.mesh_axes)
    everywhere = NamedSharding(mesh, PartitionSpec())
    hyper = hosts.place(run.hyper, everywhere)
    with jax.set_mesh(mesh):
        ready = placed(task, schedule.log_every, hyper, mesh)
        restored = run.restore(ready.state)
        state, start = restored or (ready.init(hyper), 0)
        return loop(task, schedule, run, mesh, hyper, state, start, ready)


class Placed(NamedTuple):
    """A training as it lies on a mesh, before anything is computed."""

    init: Callable[[Hyper], Tree]  # the first state
    advance: Callable[[Tree, Tree, Hyper], tuple[Tree, dict]]  # state, batch -> state, metrics; the old state is given away
    state: Tree  # ShapeDtypeStructs with shardings
    batch: Tree  # likewise


def placed(task: Task, window: int, hyper: Hyper, mesh: Any) -> Placed:
    """Nothing is computed, unless task.batch does. Raises BadInput where the mesh does not divide the model or the batch."""
    init_state, step = build(task, window)
    abstract = jax.eval_shape(init_state, hyper)
    layout = shardings(abstract, task.axes, mesh)
    state = jax.tree.map(lambda leaf, one: leaf.update(sharding=one), abstract, layout)
    rows = shape(task.batch(0))
    place = batch_sharding(mesh, *jax.tree.leaves(rows)[0].shape[:2])
    advance = jax.jit(step, donate_argnums=0, out_shardings=(layout, NamedSharding(mesh, PartitionSpec())))
    return Placed(born(init_state, layout), advance, state, jax.tree.map(lambda leaf: leaf.update(sharding=place), rows))


def shape(batch: Tree) -> Tree:
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), batch)


def born(init_state: Callable, layout: Tree) -> Callable:
    """init_state as a program whose results lie where `layout` says. It runs once, and XLA spends 8 s on optimising the
    random numbers of a tiny model for a CPU: it is told not to."""
    options = {"xla_backend_optimization_level": "0"} if jax.default_backend() == "cpu" else {}
    return jax.jit(init_state, out_shardings=layout, compiler_options=options)


def build(task: Task, window: int) -> tuple[Callable, Callable]:
    """init_state(hyper) and step(state, batch, hyper), both over the member axis.

    The state carries the sums of the metrics since the last multiple of `window` steps, so that a logged mean is the
    same whether or not a crash fell into its window.
    """

    def init_one(hyper: Hyper) -> Tree:
        params = task.init(stream(hyper, "init"), hyper)
        trained = apart(params, task.buffers)[0]
        state = {"params": params, "opt": task.optimizer(hyper).init(trained), "step": jnp.int32(0), "sums": {}}
        return state if task.ema is None else state | {"ema": jax.tree.map(jnp.zeros_like, trained)}

    def step_one(state: Tree, batch: Tree, hyper: Hyper) -> tuple[Tree, dict]:
        key = jax.random.fold_in(stream(hyper, "train"), state["step"])
        trained, held = apart(state["params"], task.buffers)
        grad = jax.value_and_grad(lambda trained: task.loss(joined(trained, held), batch, key, hyper), has_aux=True)
        (loss, metrics), gradient = grad(trained)
        metrics, held = apart(metrics, task.buffers)
        update, opt = task.optimizer(hyper).update(gradient, state["opt"], trained)
        trained = optax.apply_updates(trained, update)
        seen = state["step"] % window
        values = {"train/loss": loss, **metrics}
        sums = {name: jnp.where(seen == 0, 0, state["sums"].get(name, 0)) + value for name, value in values.items()}
        new = {"params": joined(trained, held), "opt": opt, "step": state["step"] + 1, "sums": sums}
        if task.ema is not None:
            new["ema"] = averaged(state["ema"], trained, task.ema, new["step"])
        return new, {name: total / (seen + 1) for name, total in sums.items()}

    rows = shape(task.batch(0))  # here: it may run a program

    def init_state(hyper: Hyper) -> Tree:
        state = over_members(init_one)(hyper)
        sums = jax.eval_shape(over_members(step_one), state, rows, hyper)[0]["sums"]
        return state | {"sums": jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), sums)}

    return init_state, over_members(step_one)


def averaged(mean: Tree, params: Tree, decay: float, count: jax.Array) -> Tree:
    """The mean of the parameters after each of `count` steps, from the mean over all but the last. Weights: decay^age, the newest of age 0.

    They are divided by their sum, so the mean has no bias towards its start: after one step it is the parameters themselves.
    """
    share = math.expm1(math.log(decay)) / jnp.expm1(math.log(decay) * count)  # (1 - decay) / (1 - decay^count)
    return jax.tree.map(lambda old, new: old + share * (new - old), mean, params)


def settled(task: Task, state: Tree) -> Tree:
    """The parameters that are evaluated and returned: those of the last step, or their mean beside the newest buffers."""
    return state["params"] if task.ema is None else joined(state["ema"], apart(state["params"], task.buffers)[1])


def apart(tree: Tree, names: tuple[str, ...]) -> tuple[Tree, Tree]:
    """A dict without these entries, and these entries; without names, any tree and nothing."""
    if not names:
        return tree, {}
    return {key: value for key, value in tree.items() if key not in names}, {key: tree[key] for key in names}


def joined(tree: Tree, entries: dict) -> Tree:
    return {**tree, **entries} if entries else tree


def over_members(function: Callable) -> Callable:
    """vmap over the leading member axis; the axis stays split over the mesh's `member` axis where that divides it."""

    @functools.wraps(function)
    def of_members(*trees: Tree) -> Tree:
        whole = jax.tree.leaves(trees)[0].shape[0] % jax.sharding.get_abstract_mesh().shape.get("member", 1)
        return jax.vmap(function, spmd_axis_name=None if whole else "member")(*trees)

    return of_members


def stream(hyper: Hyper, purpose: str) -> jax.Array:
    """A random key of its own per purpose, so that using one more stream shifts no other."""
    return jax.random.fold_in(jax.random.key(hyper["seed"]), {"init": 0, "train": 1}[purpose])


def loop(
    task: Task, schedule: Schedule, run: Run, mesh: Any, hyper: Hyper, state: Tree, start: int, ready: Placed
) -> Fitted | None:
    place = jax.tree.leaves(ready.batch)[0].sharding
    # jax 0.10.2 deadlocks when many sharded CPU steps are in flight; elsewhere a few hide the host's work
    in_flight = 1 if mesh.size > 1 and jax.default_backend() == "cpu" else 4
    flying: deque[dict] = deque(maxlen=in_flight)
    final: dict[str, Any] = {}
    run.steps = schedule.steps
    clock, saved = Clock(task.tokens_per_batch * len(run)), time.monotonic()

    for step in range(start, schedule.steps):
        state, metrics = ready.advance(state, hosts.place(task.batch(step), place), hyper)
        flying.append(metrics)
        jax.block_until_ready(flying[0] if len(flying) == in_flight else None)
        clock.tick()
        done = run.step = step + 1
        last = done == schedule.steps
        evaluating = last or done % schedule.evaluate_every == 0
        if evaluating or done % schedule.log_every == 0:
            means = {name: np.asarray(value) for name, value in metrics.items()}  # [members]
            stop_diverged(run, means["train/loss"], done)
            final = task.evaluate(hosts.whole(settled(task, state))) if evaluating else {}
            run.log(done, means | final | clock.read())
            clock.skip()
        due = run.agree(done, save=time.monotonic() - saved > 60 * schedule.save_minutes)
        if run.stopping and not last:
            if any(run.active):
                run.save(done, state)
            return None
        if due and not last:
            run.save(done, state)
            saved = time.monotonic()
            clock.skip()
    return Fitted(hosts.whole(settled(task, state)), final | clock.read())


def stop_diverged(run: Run, losses: np.ndarray, done: int) -> None:
    """Closes the members whose loss is no longer finite (losses: [members], means up to step `done`)."""
    for member in np.flatnonzero(~np.isfinite(losses)):
        hyper = ", ".join(f"{name}={values[member]:g}" for name, values in run.hyper.items())
        run.end(int(member), "diverged", step=done, error=f"loss not finite by step {done} ({hyper})")


class Clock:
    """Step times without the pauses for evaluation; the first step (compilation) is told apart."""

    def __init__(self, tokens: int):
        self.tokens, self.first, self.times, self.mark = tokens, 0.0, [], time.monotonic()

    def tick(self) -> None:
        now = time.monotonic()
        if not self.first:
            self.first = now - self.mark
            gc.freeze()  # what exists after the first step stays; full collections would stall the loop
        else:
            self.times.append(now - self.mark)
        self.mark = now

    def skip(self) -> None:
        """What happened since the last tick was no training step."""
        self.mark = time.monotonic()

    def read(self) -> dict[str, float]:
        if not self.times:
            return {}
        recent = np.asarray(self.times[-200:])
        return {
            "perf/step_ms": float(np.median(recent) * 1e3),
            "perf/tokens_per_s": self.tokens / float(recent.mean()),
            "perf/first_step_s": self.first,
        }
