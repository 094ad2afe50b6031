"""Writes the drafts' training text: the target continues windows of its training data, half of the rows greedily, half at
temperature 1."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from projects.ssd.weights import Trained, of_run
from shared.data import registry
from shared.data.tokens import load, windows
from shared.nn.cache import init_cache
from shared.run import Run


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Writes tables/tokens.npy, uint16 [n]: rows of a quarter prompt and three quarters continuation, one after the other."""
    target, context = of_run(run.needs["target"][0]), config.data.context
    rows, prompt = config.sample.batch_size, context // 4
    sets = [windows(load(name, config.data.vocab).train, context) for name in registry.members(config.data.name)]
    write = jax.jit(continuation(target, rows, context - prompt))
    written = []
    for index in range(-(-config.sample.tokens // (rows * context))):
        # Windows from the far end of the training text: the target has seen few of them, as it will see few prompts.
        places = [(index * rows + row) for row in range(rows)]
        start = np.stack([sets[place % len(sets)][-1 - place // len(sets) % len(sets[place % len(sets)])] for place in places])
        start = start[:, :prompt].astype(np.int32)
        new = write(target.params, start, jax.random.fold_in(jax.random.key(config.seed), index))
        written.append(np.concatenate([start, new], 1).astype(np.uint16))
        run.step = index + 1
        if run.stopping:
            return None
    text = np.concatenate(written).reshape(-1)[: config.sample.tokens]
    path = run.table(0, "tokens.npy")
    with open(path.with_suffix(".tmp"), "wb") as file:
        np.save(file, text)
    path.with_suffix(".tmp").replace(path)
    return {"tokens": len(text), "distinct_tokens": len(np.unique(text))}


def continuation(target: Trained, rows: int, new: int) -> Any:
    """(params, prompt [B, P], key) -> the next `new` tokens [B, new]."""
    cold = jnp.arange(rows) // 4 % 2 == 0  # greedy rows of every data set

    def write(params: Any, prompt: jax.Array, key: jax.Array) -> jax.Array:
        decode = lambda tokens, cache: target.pure.apply(params, tokens, cache, method="decode")  # noqa: E731
        logits, cache = decode(prompt, init_cache(target.config, rows, prompt.shape[1] + new))

        def step(carry: Any, key: jax.Array) -> Any:
            logits, cache = carry
            token = jnp.where(cold, logits.argmax(-1), jax.random.categorical(key, logits))  # [B]
            logits, cache = decode(token[:, None], cache)
            return (logits[:, -1], cache), token

        _, tokens = jax.lax.scan(step, (logits[:, -1], cache), jax.random.split(key, new))
        return tokens.T

    return write
