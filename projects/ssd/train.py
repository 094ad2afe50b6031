"""Trains the target of the pairs on real text."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from projects.ssd.model import build, decoder_config
from shared.data import registry
from shared.data.tokens import Batches, TokenSet, load, windows
from shared.fit import Schedule, Task, fit
from shared.lm import next_token_loss
from shared.lowering import Ahead, Program, step
from shared.optim import adamw, decay_mask, warmup_cosine
from shared.run import Run


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """The whole training. Returns its final numbers, or None when it was asked to stop before the end."""
    sets, model = text(config), build(decoder_config(config))
    share, rows = config.data.tokens // len(sets), config.train.batch_size // len(sets)

    def real(seed: int) -> Callable[[int], np.ndarray]:
        """batch(step) -> int32 [B, T] with equally many rows of every data set."""
        parts = [Batches(one.first("train", share), config.data.context, rows, seed, False) for one in sets]
        return lambda step: np.concatenate([part(step) for part in parts])

    def loss(params: Any, batch: jax.Array, key: jax.Array, hyper: Any) -> tuple[jax.Array, dict]:
        return next_token_loss(model.apply(params, batch), batch), {}

    def numbers(params: Any, batch: jax.Array) -> dict[str, jax.Array]:
        return {"val/loss": next_token_loss(model.apply(params, batch), batch)}

    count = config.evaluation.tokens // (len(sets) * config.data.context) * config.data.context
    unseen = np.concatenate([windows(one.first("val", count), config.data.context) for one in sets]).astype(np.int32)
    size = min(config.evaluation.batch_size, len(unseen))
    judge = held_out([unseen[start : start + size] for start in range(0, len(unseen) // size * size, size)], numbers)
    return train(config, run, model.init, model.axes, config.optim.lr, real, loss, judge)


def train(
    config: ConfigDict, run: Run, init: Callable, axes: Any, peak: float, data: Callable, loss: Callable, evaluate: Callable
) -> dict[str, Any] | None:
    """Fits one model per seed of the pack. `data(seed)` gives the batches of one of them; `peak` is the learning rate."""
    batches = [data(int(seed)) for seed in run.hyper["seed"]]
    stacked = lambda step: jax.tree.map(lambda *one: np.stack(one), *[batch(step) for batch in batches])  # noqa: E731  [K, B, ...]
    fitted = fit(task(config, init, axes, peak, stacked, loss, evaluate), schedule(config), run)
    if fitted is None:
        return None
    run.save_weights(fitted.params)
    return fitted.final


def task(config: ConfigDict, init: Callable, axes: Any, peak: float, batch: Callable, loss: Callable, evaluate: Callable) -> Task:
    c = config.optim
    rate = warmup_cosine(peak, config.train.steps, c.warmup)
    return Task(
        init=lambda key, hyper: init(key),
        loss=loss,
        optimizer=lambda hyper: adamw(rate, c.weight_decay, decay_mask(axes), c.beta1, c.beta2, c.eps, c.clip),
        batch=batch,
        evaluate=evaluate,
        axes=axes,
        tokens_per_batch=config.train.batch_size * config.data.context,
    )


def schedule(config: ConfigDict) -> Schedule:
    steps = config.train.steps
    return Schedule(steps, log_every=max(1, steps // 64), evaluate_every=max(1, steps // 4), save_minutes=config.save.every_minutes)


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    model = build(decoder_config(config))
    rows = jax.ShapeDtypeStruct((len(ahead.hyper["seed"]), config.train.batch_size, config.data.context), np.int32)
    loss = lambda params, batch, key, hyper: (next_token_loss(model.apply(params, batch), batch), {})  # noqa: E731
    abstract = task(config, model.init, model.axes, config.optim.lr, lambda step: rows, loss, lambda params: {})
    return [step(abstract, schedule(config), ahead)]


def text(config: ConfigDict) -> list[TokenSet]:
    return [load(name, config.data.vocab) for name in registry.members(config.data.name)]


def held_out(batches: list[Any], numbers: Callable) -> Callable[[Any], dict[str, Any]]:
    """params [K, ...] -> the mean of `numbers(params, batch)` over equal batches, each [K]."""
    each = jax.jit(jax.vmap(numbers, in_axes=(0, None)))

    def evaluate(params: Any) -> dict[str, Any]:
        parts = [jax.device_get(each(params, batch)) for batch in batches]
        return {name: np.mean([part[name] for part in parts], 0) for name in parts[0]}

    return evaluate
