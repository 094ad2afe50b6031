"""Trains a draft on what the target wrote, towards the target's distribution at every position."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from projects.ssd.model import build, decoder_config
from projects.ssd.train import held_out, text, train
from projects.ssd.weights import of_run
from shared.data.tokens import Batches
from shared.lm import next_token_loss
from shared.run import Run


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """The whole training. Returns its final numbers, or None when it was asked to stop before the end."""
    teacher, model = of_run(run.needs["target"][0]), build(decoder_config(config))
    written = np.load(run.needs["samples"][0].path / "tables" / "tokens.npy", mmap_mode="r")
    per_step = config.data.context * config.train.batch_size

    def samples(seed: int) -> Callable[[int], np.ndarray]:
        """batch(step) -> int32 [B, T], in a new order every epoch."""
        whole = written[: len(written) // per_step * per_step]
        return Batches(whole, config.data.context, config.train.batch_size, seed, True)

    def loss(params: Any, batch: jax.Array, key: jax.Array, hyper: Any) -> tuple[jax.Array, dict]:
        """KL(target || draft) [nats per token], and the acceptance sum_t min(p, q) at temperature 1."""
        p = jax.nn.log_softmax(jax.lax.stop_gradient(teacher.apply(batch)))  # [B, T, V]
        q = jax.nn.log_softmax(model.apply(params, batch))
        return (jnp.exp(p) * (p - q)).sum(-1).mean(), {"train/acceptance": jnp.exp(jnp.minimum(p, q)).sum(-1).mean()}

    def numbers(params: Any, rows: jax.Array) -> dict[str, jax.Array]:
        """On real text: loss, acceptance at temperature 1, and how often both would say the same token."""
        target, draft = teacher.apply(rows), model.apply(params, rows)
        overlap = jnp.minimum(jax.nn.softmax(target), jax.nn.softmax(draft)).sum(-1)
        agreement = target.argmax(-1) == draft.argmax(-1)
        return {"val/loss": next_token_loss(draft, rows), "val/acceptance": overlap.mean(), "val/agreement": agreement.mean()}

    return train(config, run, model, config.distil.lr, samples, loss, held_out(config, text(config), numbers))
