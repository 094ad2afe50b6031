"""Trains one model of a pair: the target on real text, or a draft on the target's samples, towards the target's distribution."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from projects.ssd.model import build, decoder_config
from projects.ssd.weights import of_run
from shared.data import registry
from shared.data.tokens import Batches, TokenSet, load, windows
from shared.fit import Schedule, Task, fit
from shared.lm import next_token_loss
from shared.nn.pure import Pure
from shared.optim import adamw, decay_mask, warmup_cosine
from shared.run import Run


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """The whole training. Returns its final numbers, or None when it was asked to stop before the end."""
    sets = [load(name, config.data.vocab) for name in registry.members(config.data.name)]
    model = build(decoder_config(config))
    distilled = config.pair.role != "target"
    teacher = of_run(run.needs["target"][0]) if distilled else None
    batches = [samples(config, run, int(seed)) if distilled else real(config, sets, int(seed)) for seed in run.hyper["seed"]]
    task = Task(
        init=lambda key, hyper: model.init(key),
        loss=distil(model, teacher) if distilled else imitate(model),
        optimizer=lambda hyper: optimizer(config, model),
        batch=lambda step: np.stack([batch(step) for batch in batches]),  # [K, B, T]
        evaluate=evaluation(config, model, sets, teacher),
        axes=model.axes,
        tokens_per_batch=config.train.batch_size * config.data.context,
    )
    steps = config.train.steps
    schedule = Schedule(steps, log_every=max(1, steps // 64), evaluate_every=max(1, steps // 4), save_minutes=config.save.every_minutes)
    fitted = fit(task, schedule, run)
    if fitted is None:
        return None
    run.save_weights(fitted.params)
    return fitted.final


def optimizer(config: ConfigDict, model: Pure) -> Any:
    c = config.optim
    lr = warmup_cosine(c.lr if config.pair.role == "target" else config.distil.lr, config.train.steps, c.warmup)
    return adamw(lr, c.weight_decay, decay_mask(model.axes), c.beta1, c.beta2, c.eps, c.clip)


def real(config: ConfigDict, sets: list[TokenSet], seed: int) -> Callable[[int], np.ndarray]:
    """batch(step) -> int32 [B, T] with equally many rows of every data set."""
    share, rows = config.data.tokens // len(sets), config.train.batch_size // len(sets)
    parts = [Batches(one.first("train", share), config.data.context, rows, seed, False) for one in sets]
    return lambda step: np.concatenate([part(step) for part in parts])


def samples(config: ConfigDict, run: Run, seed: int) -> Callable[[int], np.ndarray]:
    """batch(step) -> int32 [B, T] of what the target wrote, in a new order every epoch."""
    written = np.load(run.needs["samples"][0].path / "tables" / "tokens.npy", mmap_mode="r")
    whole = len(written) // (config.data.context * config.train.batch_size) * (config.data.context * config.train.batch_size)
    return Batches(written[:whole], config.data.context, config.train.batch_size, seed, True)


def imitate(model: Pure) -> Callable:
    """loss(params, rows, key, hyper): cross-entropy on real text [nats per token]."""
    return lambda params, rows, key, hyper: (next_token_loss(model.apply(params, rows), rows), {})


def distil(model: Pure, teacher: Any) -> Callable:
    """loss(params, rows, key, hyper): KL(target || draft) [nats per token], and the acceptance sum_t min(p, q) at temperature 1."""

    def loss(params: Any, rows: jax.Array, key: jax.Array, hyper: Any) -> tuple[jax.Array, dict]:
        p = jax.nn.log_softmax(jax.lax.stop_gradient(teacher.apply(rows)))  # [B, T, V]
        q = jax.nn.log_softmax(model.apply(params, rows))
        overlap = jnp.minimum(jnp.exp(p), jnp.exp(q)).sum(-1)
        return (jnp.exp(p) * (p - q)).sum(-1).mean(), {"train/acceptance": overlap.mean()}

    return loss


def evaluation(config: ConfigDict, model: Pure, sets: list[TokenSet], teacher: Any) -> Callable[[Any], dict[str, Any]]:
    """params [K, ...] -> validation loss over all sets; for a draft also how often the target would accept it there."""
    count = config.evaluation.tokens // (len(sets) * config.data.context) * config.data.context
    rows = np.concatenate([windows(one.first("val", count), config.data.context) for one in sets]).astype(np.int32)

    def one_member(params: Any, rows: jax.Array) -> dict[str, jax.Array]:
        logits = model.apply(params, rows)
        found = {"val/loss": next_token_loss(logits, rows)}
        if teacher is not None:
            target = teacher.apply(rows)
            found["val/acceptance"] = jnp.minimum(jax.nn.softmax(target), jax.nn.softmax(logits)).sum(-1).mean()
            found["val/agreement"] = (target.argmax(-1) == logits.argmax(-1)).mean()
        return found

    numbers = jax.jit(jax.vmap(one_member, in_axes=(0, None)))

    def evaluate(params: Any) -> dict[str, Any]:
        size = config.evaluation.batch_size
        parts = [jax.device_get(numbers(params, rows[start : start + size])) for start in range(0, len(rows) // size * size, size)]
        return {name: np.mean([part[name] for part in parts], 0) for name in parts[0]}  # [K]

    return evaluate
