"""Synthetic text: what a teacher writes when nothing is asked of it, at temperature 1, nothing cut off.

The text of one row is a stream of documents that starts with the document mark and never ends; as in training, a window
may hold the end of one document and the beginning of the next. When the model's context is full, its later half becomes
the prompt of the next stretch.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from projects.infinite_compute.model import build, decoder_config
from shared import checkpoint
from shared.errors import BadInput
from shared.lowering import Ahead, Program, parameter_count
from shared.nn.cache import init_cache
from shared.nn.pure import Pure
from shared.run import Run

DOCUMENT = 0  # the token between documents


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Writes tables/tokens.npy, uint16 [n]: one row's stream after the other."""
    if config.data.vocab > 1 << 16:
        raise BadInput(f"data.vocab={config.data.vocab} does not fit the 16 bits of a token: take at most 65536")
    model = build(config)
    teachers = [checkpoint.load_weights(member, model) for member in run.needs["members"]]
    c, half = config.sample, config.data.context // 2
    together = jax.tree.map(lambda *leaves: jnp.stack(leaves), *teachers)  # [K, ...]
    batch = c.batch_size // len(teachers) * len(teachers)
    stages = -(-c.tokens // (batch * half))
    stage = jax.jit(stretch(model, config, len(teachers)))
    prompt = jnp.full((batch, 1), DOCUMENT, jnp.int32)
    written = []
    for index in range(stages):
        key = jax.random.fold_in(jax.random.key(c.seed), index)
        new = stage(together, prompt, key)  # [B, T/2]
        written.append(np.asarray(new, np.uint16))
        prompt = new
        run.step = index + 1
        if run.stopping:
            return None
    text = np.concatenate(written, 1).reshape(-1)[: c.tokens]
    path = run.table(0, "tokens.npy")
    with open(path.with_suffix(".tmp"), "wb") as file:
        np.save(file, text)
    path.with_suffix(".tmp").replace(path)
    return {"tokens": len(text), "documents": int((text == DOCUMENT).sum()), "distinct_tokens": len(np.unique(text))}


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    """Half a context of new tokens for every row, after a prompt as long, on one device, as a run does it."""
    model, c, half, count = build(config), config.sample, config.data.context // 2, config.ensemble.members
    one = jax.eval_shape(model.init, jax.random.key(0))
    teachers = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((count, *leaf.shape), leaf.dtype), one)
    prompt = jax.ShapeDtypeStruct((c.batch_size // count * count, half), jnp.int32)
    key = jax.eval_shape(lambda: jax.random.key(0))
    calls = -(-c.tokens // prompt.size)
    write = jax.jit(stretch(model, config, count))
    return [Program("a stretch of text", write, (teachers, prompt, key), calls, parameter_count(one), passes=half)]


def stretch(model: Pure, config: ConfigDict, count: int) -> Any:
    """(teachers [K, ...], prompt [B, P], key) -> the next T/2 tokens of every row [B, T/2].

    mixture: every row has one teacher, rows dealt out evenly; logits: every token from the mean logits of all.
    """
    c, half = config.sample, config.data.context // 2
    mixture = c.teacher == "mixture"
    rows = c.batch_size // count * (1 if mixture else count)
    decode = jax.vmap(lambda params, tokens, cache: model.apply(params, tokens, cache, method="decode"))

    def write(teachers: Any, prompt: jax.Array, key: jax.Array) -> jax.Array:
        view = prompt.reshape(count, rows, -1) if mixture else jnp.broadcast_to(prompt, (count, *prompt.shape))
        cache = jax.tree.map(lambda leaf: jnp.stack([leaf] * count), init_cache(decoder_config(config), rows, config.data.context))
        logits, cache = decode(teachers, view, cache)  # [K, rows, P, V]

        def step(carry: Any, key: jax.Array) -> Any:
            logits, cache = carry
            values = logits if mixture else jnp.broadcast_to(logits.mean(0), logits.shape)  # [K, rows, V]
            drawn = jax.random.categorical(key, values[: count if mixture else 1] / c.temperature)  # [K or 1, rows]
            token = jnp.broadcast_to(drawn, (count, rows))
            logits, cache = decode(teachers, token[..., None], cache)
            return (logits[:, :, -1], cache), drawn.reshape(-1)

        _, drawn = jax.lax.scan(step, (logits[:, :, -1], cache), jax.random.split(key, half))
        return drawn.T  # [B, T/2]

    return write
