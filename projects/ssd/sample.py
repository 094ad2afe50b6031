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
from projects.ssd.model import build
from projects.ssd.questions import questions
from projects.ssd.train import text
from projects.ssd.weights import architecture, target_of
from shared.data import bpe
from shared.data.tokens import windows
from shared.lowering import Ahead, Program, parameter_count
from shared.run import Run

QUESTION = 10  # tokens of a question to SmolLM2
TOPICS = 200_000  # tokens of text that its things come from


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Writes tables/tokens.npy, uint16 [n]: rows of a prompt and its continuation, one after the other."""
    target, context = target_of(config, run), config.data.context
    lm = decoder_lm(target.config)
    params = lm.prepare(target.params, jax.devices()[0])
    rows = config.sample.batch_size
    prompts = asked(config) if config.pair.name == "smollm2" else own(config, context // 4)
    write = jax.jit(continuation(lm, rows, context - len(prompts(0))))
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


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    """The rows that are written together, each after a quarter of its context, on one device, as a run does it."""
    decoder, context, rows = architecture(config, ahead.needs), config.data.context, config.sample.batch_size
    lm, prompt = decoder_lm(decoder), context // 4
    params = jax.eval_shape(lambda key: lm.prepare(build(decoder).init(key), ahead.mesh), jax.random.key(0))
    start = jax.ShapeDtypeStruct((rows, prompt), jnp.int32)
    write, key = jax.jit(continuation(lm, rows, context - prompt)), jax.eval_shape(lambda: jax.random.key(0))
    calls = -(-config.sample.tokens // (rows * context))
    return [Program("rows of text", write, (params, start, key), calls, parameter_count(params), passes=context - prompt)]


def own(config: ConfigDict, length: int) -> Callable[[int], np.ndarray]:
    """Prompt number i, int32 [length], from the data sets in turn; from the far end of the training text, of which the target has seen
    little or nothing, as it will of what people type."""
    sets = [windows(one.train, config.data.context) for one in text(config)]

    def prompt(number: int) -> np.ndarray:
        turn, which = divmod(number, len(sets))
        return sets[which][-1 - turn % len(sets[which])][:length].astype(np.int32)

    return prompt


def asked(config: ConfigDict) -> Callable[[int], np.ndarray]:
    """Prompt number i for SmolLM2: what a person would ask it, about things the texts speak of."""
    tokenizer = Tokenizer.from_file(str(smollm2.folder() / "tokenizer.json"))
    ours = text(config)[-1]  # speeches: what people talk about
    words = bpe.read(ours.tokenizer).decode(ours.train[:TOPICS].astype(int).tolist(), skip_special_tokens=True).split()
    question = questions(tokenizer, QUESTION, words)
    return lambda number: np.array(smollm2.chat(tokenizer, question(number)), np.int32)


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
