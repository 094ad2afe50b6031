"""Trains one part of a planner, rho, p_d, J or what may stand in for them, on windows of a data set. Whole episodes are held out; what is
evaluated and kept is the mean of the weights over the last steps."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from projects.dmpc.collect import load_transitions
from projects.dmpc.parts import Part, part
from projects.dmpc.transitions import Transitions
from projects.dmpc.units import stats
from projects.dmpc.windows import Windows, shapes
from shared.errors import BadInput
from shared.fit import Schedule, Task, fit
from shared.lowering import Ahead, Program, step
from shared.optim import adamw, warmup_cosine
from shared.run import Run

Tree = Any


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """The whole training. Returns its final numbers, or None when it was asked to stop before the end."""
    transitions = load_transitions(config, run)
    rows = split(transitions, config.train.validation)
    windows = Windows(transitions, config.windows)
    model, known = part(config), stats(windows)
    return learn(config, run, model, lambda key: model.init(key, known), windows.at, rows, config.train.steps, rule(config))


def rule(config: ConfigDict) -> Callable:
    return lambda hyper: optimizer(config.optim, hyper["optim.lr"], config.train.schedule_steps)


def learn(
    config: ConfigDict, run: Run, model: Part, init: Callable[[jax.Array], Tree], at: Callable[[np.ndarray], Tree],
    rows: tuple[np.ndarray, np.ndarray], steps: int, rule: Callable[[Tree], Any],
) -> dict[str, Any] | None:  # fmt: skip
    """Trains a part on batches `at(rows)` of what may be learned from, judges it by what is held out (both in `rows`), and keeps it.
    `rule`: what differs between members -> an optimiser. None when it was asked to stop before the end."""
    training, unseen = rows
    batches = [batch(at, training, config.train.batch_size, int(seed)) for seed in run.hyper["seed"]]
    judge = jax.jit(jax.vmap(judged(model, held_out(at, unseen, config.train.windows, config.train.batch_size))))
    stacked = lambda step: jax.tree.map(lambda *one: np.stack(one), *[batch(step) for batch in batches])  # noqa: E731  [K, B, ...]
    fitted = fit(task(config, model, init, stacked, judge, rule), schedule(config, steps), run)
    if fitted is None:
        return None
    run.save_weights(fitted.params)
    return fitted.final


def task(config: ConfigDict, model: Part, init: Callable, batch: Callable, evaluate: Callable, rule: Callable) -> Task:
    return Task(
        init=lambda key, hyper: init(key),
        loss=lambda variables, batch, key, hyper: (model.loss(variables, batch, key), {"stats": variables["stats"]}),
        optimizer=rule,
        batch=batch,
        evaluate=evaluate,
        axes=model.axes,
        tokens_per_batch=config.train.batch_size,  # windows
        buffers=("stats",),
        ema=config.optim.ema,
    )


def schedule(config: ConfigDict, steps: int) -> Schedule:
    return Schedule(
        steps,
        log_every=max(1, steps // 128),
        evaluate_every=max(1, steps // config.train.evaluations),
        save_minutes=config.save.every_minutes,
    )


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    return [learning(config, ahead, part(config), config.train.steps, rule(config))]


def learning(config: ConfigDict, ahead: Ahead, model: Part, steps: int, rule: Callable, names: tuple[str, ...] = ()) -> Program:
    """The step of a part that learns from windows, or from some of their arrays (`names`)."""
    rows = shapes(config, (len(ahead.hyper["seed"]), config.train.batch_size))
    rows = {name: rows[name] for name in names or rows}
    return step(task(config, model, model.init, lambda step: rows, lambda variables: {}, rule), schedule(config, steps), ahead)


def split(transitions: Transitions, share: float) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the episodes to train on and of those held out. These lie evenly among the others, so that of everyone who played some
    are held out. Raises BadInput where there is but one episode."""
    count = len(transitions.lengths)
    if count < 2:
        raise BadInput("the data are a single episode, and some have to be held out: take a set with more")
    number = min(max(1, round(share * count)), count - 1)
    out = np.zeros(count, bool)
    out[((np.arange(number) + 0.5) * count / number).astype(int)] = True
    held = np.repeat(out, transitions.lengths)
    return np.flatnonzero(~held), np.flatnonzero(held)


def batch(at: Callable[[np.ndarray], Tree], rows: np.ndarray, size: int, seed: int) -> Callable[[int], Tree]:
    """Step -> a batch of what is at some of these rows, windows that begin there: a pure function of seed and step."""

    def drawn_at(step: int) -> Tree:
        drawn = np.random.PCG64([seed, step]).random_raw(size)  # raw bits, whose stream numpy promises never to change
        return at(rows[(drawn % len(rows)).astype(np.int64)])

    return drawn_at


def held_out(at: Callable[[np.ndarray], Tree], rows: np.ndarray, count: int, size: int) -> Tree:
    """At most `count` of them, evenly among those of these rows, in batches of the training's size: [n, B, ...]. What does not fill the
    last one is left out."""
    count = min(count, len(rows))
    size = min(size, count)
    chosen = rows[np.arange(count // size * size) * len(rows) // count]
    return jax.tree.map(lambda leaf: leaf.reshape(count // size, size, *leaf.shape[1:]), at(chosen))


def judged(model: Part, batches: Tree) -> Callable[[Tree], dict[str, jax.Array]]:
    """Variables -> the loss on batches [n, B, ...], always by the same noise."""
    keys = jax.random.split(jax.random.key(0), len(jax.tree.leaves(batches)[0]))

    def judge(variables: Tree) -> dict[str, jax.Array]:
        losses = jax.lax.map(lambda one: model.loss(variables, *one), (batches, keys))
        return {"val/loss": jnp.mean(losses)}

    return judge


def optimizer(c: ConfigDict, lr: float | jax.Array, steps: int) -> Any:
    """Adam, by a config's section `optim`. The rate rises from final_lr to lr, then falls by a cosine to final_lr, in so many steps."""
    above = warmup_cosine(lr - c.final_lr, steps, c.warmup / steps)
    return adamw(lambda step: c.final_lr + above(step), 0.0, None, 0.9, 0.999, 1e-8, c.clip)
