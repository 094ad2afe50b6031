"""Trains a draft on what the target wrote, towards the target's distribution at every position."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec
from ml_collections import ConfigDict

from projects.ssd import early
from projects.ssd.model import build, decoder_config
from projects.ssd.train import held_out, schedule, task, train
from projects.ssd.weights import Trained, architecture, target_of
from shared.data.tokens import Batches, windows
from shared.errors import BadInput
from shared.lowering import Ahead, Program, parameter_count, step
from shared.nn.pure import Pure
from shared.run import Run
from shared.sharding import make_mesh

HELD_OUT = 8  # one eighth of the samples judges the draft


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """The whole training. Returns its final numbers, or None when it was asked to stop before the end."""
    target = target_of(config, run)
    written = np.load(run.needs["samples"][0].path / "tables" / "tokens.npy", mmap_mode="r")
    per_step = config.data.context * config.train.batch_size
    cut = len(written) * (HELD_OUT - 1) // HELD_OUT // per_step * per_step
    if config.distil.outputs:
        ids = early.frequent(written, config.distil.outputs, target.config.vocab)
        teacher, student = early.draft(target, target.config.layers, ids), early.draft(target, config.model.layers, ids)
        np.save(run.table(0, early.IDS), ids)
        start, axes = early.trainable(student.params), early.trainable(student.pure.axes)
        init, whole = lambda key: start, lambda params: {**student.params, **params}
    else:
        teacher, fresh = target, build(decoder_config(config))
        student = Trained(decoder_config(config), fresh, None)
        init, whole, axes = fresh.init, lambda params: params, fresh.axes

    # A program of its own: inside the training step the target's parameters would be constants, and compiled for minutes.
    teach = teaching(teacher.pure)
    mesh = make_mesh(run.mesh_axes)
    known, split = (NamedSharding(mesh, spec) for spec in (PartitionSpec(), PartitionSpec(("data", "fsdp"))))
    teacher = teacher._replace(params=jax.device_put(teacher.params, known))

    def taught(rows: np.ndarray) -> dict[str, np.ndarray]:
        """rows [B, T] and log p of the target [B, T, V], over the tokens that the draft can say."""
        return {"rows": rows, "log_p": np.asarray(teach(teacher.params, jax.device_put(rows, split)))}

    def samples(seed: int) -> Callable[[int], dict[str, np.ndarray]]:
        """batch(step), in a new order every epoch."""
        batches = Batches(written[:cut], config.data.context, config.train.batch_size, seed, True)
        return lambda step: taught(batches(step))

    loss = divergence(lambda params, rows: student.pure.apply(whole(params), rows))

    def numbers(params: Any, batch: dict[str, jax.Array]) -> dict[str, jax.Array]:
        """On samples held out: the same, and how often both would say the same token."""
        value, found = loss(params, batch, None, None)
        agreement = batch["log_p"].argmax(-1) == student.pure.apply(whole(params), batch["rows"]).argmax(-1)
        return {"val/loss": value, "val/acceptance": found["train/acceptance"], "val/agreement": agreement.mean()}

    unseen, size = windows(written[cut:], config.data.context).astype(np.int32), config.train.batch_size
    judge = held_out([taught(unseen[start : start + size]) for start in range(0, len(unseen) // size * size, size)], numbers)
    return train(config, run, init, axes, config.distil.lr, samples, loss, judge)


def teaching(teacher: Pure) -> Callable:
    """Compiled (params, rows [B, T]) -> log p [B, T, V]."""
    return jax.jit(lambda params, rows: jax.nn.log_softmax(teacher.apply(params, rows)))


def divergence(logits: Callable) -> Callable:
    """The loss KL(target || draft) [nats per token], and the acceptance sum_t min(p, q) at temperature 1. logits(params, rows) are the
    draft's."""

    def loss(params: Any, batch: dict[str, jax.Array], key: jax.Array, hyper: Any) -> tuple[jax.Array, dict]:
        log_p, log_q = batch["log_p"], jax.nn.log_softmax(logits(params, batch["rows"]))  # [B, T, V]
        overlap = jnp.exp(jnp.minimum(log_p, log_q)).sum(-1)
        return (jnp.exp(log_p) * (log_p - log_q)).sum(-1).mean(), {"train/acceptance": overlap.mean()}

    return loss


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    """What the target reads for a step, whole on every device, and the draft's own step. Raises BadInput for a draft with a short output
    layer: it holds the very embedding of its target."""
    if config.distil.outputs:
        raise BadInput("a draft with distil.outputs holds its target's own embedding, which is not known ahead of time")
    teacher, student = build(architecture(config, ahead.needs)), build(decoder_config(config))
    params = jax.eval_shape(teacher.init, jax.random.key(0))
    shape = (config.train.batch_size, config.data.context)
    known, split = (NamedSharding(ahead.mesh, spec) for spec in (PartitionSpec(), PartitionSpec(("data", "fsdp"))))
    placed = jax.tree.map(lambda leaf: leaf.update(sharding=known), params)
    reading = (placed, jax.ShapeDtypeStruct(shape, np.int32, sharding=split))
    members = len(ahead.hyper["seed"])
    rows = {
        "rows": jax.ShapeDtypeStruct((members, *shape), np.int32),
        "log_p": jax.ShapeDtypeStruct((members, *shape, config.data.vocab), np.float32),
    }
    rate, loss = config.distil.lr, divergence(student.apply)
    abstract = task(config, student.init, student.axes, rate, lambda step: rows, loss, lambda params: {})
    return [
        Program("the target reads", teaching(teacher), reading, members * config.train.steps, parameter_count(params)),
        step(abstract, schedule(config), ahead),
    ]
