"""Losses of the ensembles of the first 1..K members: their logits averaged (the softmax of which is the normalised
geometric mean of the members), or their weights averaged (a "soup")."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from projects.infinite_compute import evaluation
from projects.infinite_compute.model import build
from shared import checkpoint
from shared.data import tokens
from shared.lm import token_losses
from shared.lowering import Ahead, Program, parameter_count
from shared.nn.pure import Pure
from shared.run import Run
from shared.rundir import RunDir

CHUNK_BYTES = 1 << 29  # mean logits held at once; with it memory depends neither on K nor on the evaluation set


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """One row per K; the final numbers are those of all members."""
    data = tokens.load(config.data.name, config.data.vocab)
    model, members = build(config), run.needs["members"]
    per_window, per_item = lambda losses: losses.mean((-2, -1)), jax.vmap(evaluation.choose)
    questions = {
        "val/loss": (evaluation.held_out(data, "val", config), per_window),
        "test/loss": (evaluation.held_out(data, "test", config), per_window),
        "probe/accuracy": (evaluation.probe_items(data, config), per_item),
    }
    run.members[0].truncate_metrics(-1)
    curves = {}
    for name, (rows, reduce) in questions.items():
        together, alone = curve(model, members, rows, reduce, config.ensemble.combine)
        curves[name] = together
        if name == "val/loss":
            curves["member/loss"] = np.cumsum(alone) / np.arange(1, len(members) + 1)
        if run.stopping:
            return None
    rows = [{name: float(values[k]) for name, values in curves.items()} for k in range(len(members))]
    for k, row in enumerate(rows):
        run.log(k + 1, row)
    run.step = len(members)
    return rows[-1]


def curve(
    model: Pure, members: list[RunDir], rows: np.ndarray, reduce: Callable, combine: str
) -> tuple[np.ndarray, np.ndarray]:
    """(ensemble of the first k [K], member k alone [K]): means over `rows` [n, B, T] of reduce(token losses) [n].

    Members are read one after the other and only a running mean is kept.
    """
    step = adding(model, reduce, combine)
    vocab = jax.eval_shape(model.apply, jax.eval_shape(model.init, jax.random.key(0)), jnp.asarray(rows[0])).shape[-1]
    together, alone = np.zeros(len(members)), np.zeros(len(members))
    for chunk in np.split(rows, range(at_once(rows[0], vocab), len(rows), at_once(rows[0], vocab))):
        mean: Any = jnp.zeros((*chunk.shape, vocab)) if combine == "logits" else None
        for k, member in enumerate(members):
            params = checkpoint.load_weights(member, model)
            mean = jax.tree.map(jnp.zeros_like, params) if mean is None else mean
            mean, both, own = step(mean, params, chunk, jnp.float32(k))
            together[k] += both
            alone[k] += own
    return together / len(rows), alone / len(rows)


def at_once(batch: Any, vocab: int) -> int:
    """How many batches [B, T] are looked at together."""
    return max(1, CHUNK_BYTES // (batch.size * vocab * 4))


def adding(model: Pure, reduce: Callable, combine: str) -> Callable:
    """Compiled (mean of k members, params of one more, chunk [n, B, T], k) -> the mean with it, the sum of `reduce` over the chunk's losses
    of all, and that of the one alone. The old mean is given away."""

    def logits(params: Any, chunk: jax.Array) -> jax.Array:
        return jax.lax.map(lambda batch: model.apply(params, batch), chunk)  # [n, B, T, V]

    def score(values: jax.Array, chunk: jax.Array) -> jax.Array:
        losses = jax.lax.map(lambda pair: token_losses(*pair), (values, chunk))  # [n, B, T - 1]
        return reduce(losses).sum()

    def add(mean: Any, params: Any, chunk: jax.Array, k: jax.Array) -> tuple[Any, jax.Array, jax.Array]:
        own = logits(params, chunk)
        value = own if combine == "logits" else params
        mean = jax.tree.map(lambda m, v: m + (v - m) / (k + 1), mean, value)
        return mean, score(mean if combine == "logits" else logits(mean, chunk), chunk), score(own, chunk)

    return jax.jit(add, donate_argnums=0)


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    """One member's part in the validation loss, on one device, as a run does it; the other questions are as many batches or fewer."""
    model, c = build(config), config.evaluation
    batch = jax.ShapeDtypeStruct((c.batch_size, config.data.context), np.int32)
    params = jax.eval_shape(model.init, jax.random.key(0))
    batches = c.tokens // batch.size
    chunk = jax.ShapeDtypeStruct((min(batches, at_once(batch, config.data.vocab)), *batch.shape), np.int32)
    mean = params if config.ensemble.combine == "weights" else jax.ShapeDtypeStruct((*chunk.shape, config.data.vocab), np.float32)
    step = adding(model, lambda losses: losses.mean((-2, -1)), config.ensemble.combine)
    calls = config.ensemble.members * batches / len(chunk)
    return [Program("a member's logits", step, (mean, params, chunk, jax.ShapeDtypeStruct((), np.float32)), calls, parameter_count(params))]
