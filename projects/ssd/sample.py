"""Writes the drafts' training text: the target continues text it could meet, half of the rows greedily, half at temperature 1."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict
from tokenizers import Tokenizer

from projects.ssd import smollm2
from projects.ssd.lm import LM, decoder_lm
from projects.ssd.train import text
from projects.ssd.weights import target_of
from shared.data import bpe
from shared.data.tokens import windows
from shared.run import Run


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Writes tables/tokens.npy, uint16 [n]: rows of a quarter prompt and three quarters continuation, one after the other."""
    target, context = target_of(config, run), config.data.context
    lm = decoder_lm(target.config)
    params = lm.prepare(target.params, jax.devices()[0])
    rows, prompt = config.sample.batch_size, context // 4
    prompts = foreign(config, prompt) if config.pair.name == "smollm2" else own(config, prompt)
    write = jax.jit(continuation(lm, rows, context - prompt))
    written = []
    for index in range(-(-config.sample.tokens // (rows * context))):
        start = np.stack([prompts(index * rows + row) for row in range(rows)])  # [B, P]
        new = write(params, start, jax.random.fold_in(jax.random.key(config.seed), index))
        written.append(np.concatenate([start, new], 1).astype(np.uint16))
        run.step = index + 1
        if run.stopping:
            return None
    tokens = np.concatenate(written).reshape(-1)[: config.sample.tokens]
    path = run.table(0, "tokens.npy")
    with open(path.with_suffix(".tmp"), "wb") as file:
        np.save(file, tokens)
    path.with_suffix(".tmp").replace(path)
    return {"tokens": len(tokens), "distinct_tokens": len(np.unique(tokens))}


def own(config: ConfigDict, length: int) -> Callable[[int], np.ndarray]:
    """Prompt number i, int32 [length], from the data sets in turn; from the far end of the training text, of which the target has seen
    little or nothing, as it will of what people type."""
    sets = [windows(one.train, config.data.context) for one in text(config)]

    def prompt(number: int) -> np.ndarray:
        turn, which = divmod(number, len(sets))
        return sets[which][-1 - turn % len(sets[which])][:length].astype(np.int32)

    return prompt


def foreign(config: ConfigDict, length: int) -> Callable[[int], np.ndarray]:
    """The same texts for a target with a tokenizer of its own, every second one as a request to continue it."""
    ours, theirs = own(config, config.data.context), Tokenizer.from_file(str(smollm2.folder() / "tokenizer.json"))
    words = bpe.read(text(config)[0].tokenizer)

    empty = smollm2.chat(theirs, "Continue: ")
    place = len(empty) - 1 - empty[::-1].index(theirs.token_to_id("<|im_end|>"))  # where the request ends

    def prompt(number: int) -> np.ndarray:
        plain = theirs.encode(words.decode(ours(number).tolist(), skip_special_tokens=True)).ids
        asked = number // 2 % 2 == 0 and length > len(empty)
        chosen = [*empty[:place], *plain[: length - len(empty)], *empty[place:]] if asked else plain[:length]
        return np.array(chosen, np.int32)

    return prompt


def continuation(lm: LM, rows: int, new: int) -> Callable:
    """(params, prompt [B, P], key) -> the next `new` tokens [B, new]."""
    cold = jnp.arange(rows) // 4 % 2 == 0  # greedy rows of every data set

    def write(params: Any, prompt: jax.Array, key: jax.Array) -> jax.Array:
        logits, cache = lm.extend(params, prompt, lm.init_cache(rows, prompt.shape[1] + new))

        def step(carry: Any, key: jax.Array) -> Any:
            logits, cache = carry
            token = jnp.where(cold, logits.argmax(-1), jax.random.categorical(key, logits))  # [B]
            logits, cache = lm.extend(params, token[:, None], cache)
            return (logits[:, -1], cache), token

        _, tokens = jax.lax.scan(step, (logits[:, -1], cache), jax.random.split(key, new))
        return tokens.T

    return write
