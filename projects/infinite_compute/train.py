"""Trains one model, or a pack of them: standard, regularised, a member of an ensemble, a distilled student, a model
continued on a second domain. What they differ in is in the config."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from projects.infinite_compute import evaluation
from projects.infinite_compute.model import build
from projects.infinite_compute.synthetic import training_batches
from shared import checkpoint
from shared.data import tokens
from shared.fit import Schedule, Task, fit
from shared.lm import next_token_loss
from shared.lowering import Ahead, Program, step
from shared.nn.pure import Pure
from shared.optim import adamw, decay_mask, warmup_cosine
from shared.run import Run


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """The whole experiment. Returns its final numbers, or None when it was asked to stop before the end."""
    data = tokens.load(config.data.name, config.data.vocab)
    model = build(config)
    validation, test = evaluation.held_out(data, "val", config), evaluation.held_out(data, "test", config)
    mean_loss = evaluation.mean_loss(model.apply)
    batches = [training_batches(config, run, data, int(seed)) for seed in run.hyper["data.seed"]]

    stacked = lambda step: np.stack([batch(step) for batch in batches])  # noqa: E731  [K, B, T]
    judge = lambda params: {"val/loss": mean_loss(params, validation)}  # noqa: E731
    fitted = fit(task(config, model, start(config, run, model), stacked, judge), schedule(config), run)
    if fitted is None:
        return None
    if config.save.final:
        run.save_weights(fitted.params)
    items = evaluation.probe_items(data, config)
    before = first_domain(config)
    return fitted.final | {
        "train/loss": run.recent_mean("train/loss", since=config.train.steps - per_epoch(config)),
        "val/bits_per_byte": evaluation.bits_per_byte(fitted.final["val/loss"], data.bytes_per_token(validation)),
        "test/loss": mean_loss(fitted.params, test),
        "probe/accuracy": evaluation.probe_accuracy(model.apply)(fitted.params, items),
        **({} if before is None else {"start/val/loss": mean_loss(fitted.params, before)}),  # what was forgotten
    }


def task(config: ConfigDict, model: Pure, init: Callable, batch: Callable, evaluate: Callable) -> Task:
    return Task(
        init=init,
        loss=lambda params, batch, key, hyper: (next_token_loss(model.apply(params, batch), batch), {}),
        optimizer=lambda hyper: optimizer(config, model, hyper),
        batch=batch,
        evaluate=evaluate,
        axes=model.axes,
        tokens_per_batch=config.train.batch_size * config.data.context,
    )


def schedule(config: ConfigDict) -> Schedule:
    steps = config.train.steps
    return Schedule(
        steps=steps,
        log_every=max(1, min(per_epoch(config) // 2, steps // 8)),
        evaluate_every=max(1, steps // config.evaluation.times),
        save_minutes=config.save.every_minutes,
    )


def per_epoch(config: ConfigDict) -> int:
    """Batches of real tokens."""
    return config.data.tokens // (config.data.context * config.train.batch_size)


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    model = build(config)
    rows = jax.ShapeDtypeStruct((len(ahead.hyper["seed"]), config.train.batch_size, config.data.context), np.int32)
    abstract = task(config, model, lambda key, hyper: model.init(key), lambda step: rows, lambda params: {})
    return [step(abstract, schedule(config), ahead)]


def optimizer(config: ConfigDict, model: Pure, hyper: dict[str, Any]) -> Any:
    c = config.optim
    lr = warmup_cosine(hyper["optim.lr"], config.train.steps, c.warmup)
    return adamw(lr, hyper["optim.weight_decay"], decay_mask(model.axes), c.beta1, c.beta2, c.eps, c.clip)


def start(config: ConfigDict, run: Run, model: Pure) -> Any:
    """init(key, hyper): fresh weights, or those of the run that continued pre-training starts from."""
    if not config.start.data:
        return lambda key, hyper: model.init(key)
    weights = checkpoint.load_weights(run.needs["start"][0], model)
    return lambda key, hyper: weights


def first_domain(config: ConfigDict) -> np.ndarray | None:
    """Validation rows of the data that a continued run started from."""
    return evaluation.held_out(tokens.load(config.start.data, config.data.vocab), "val", config) if config.start.data else None
