"""What the engine knows of a model: pure functions over explicit arrays."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from shared.nn.cache import KVCache, init_cache, init_scratch
from shared.nn.decoder import Decoder, DecoderConfig
from shared.nn.pure import pure
from shared.nn.stack import unstack


@dataclass(frozen=True, eq=False)  # hashed by identity: engines over one LM share their compiled programs
class LM:
    """Slots at or beyond a row's length are garbage. Tokens < 0 (padding) may be fed; what comes of them is never read."""

    vocab: int
    prepare: Callable[[Any], Any]  # parameters as trained -> as decoded; changes nothing that is prepared already
    axes: Any | None  # logical axes of the prepared parameters; None: replicate them
    init_cache: Callable[[int, int], Any]  # (batch, size) -> a tree with .length [B] int32
    extend: Callable  # (params, tokens [B, T], cache) -> (logits [B, T, V] float32, cache longer by T)
    init_scratch: Callable[[int, int, int], Any]  # (batch, branches, depth)
    branch: Callable  # (params, tokens [B, M], cache, prefix [B, M], scratch, step) -> (logits [B, M, V], scratch)


def decoder_lm(config: DecoderConfig, ids: np.ndarray | None = None) -> LM:
    """A transformer. With `ids` [n] its output layer has only these tokens; the others get -inf: they are never drafted."""
    model = pure(lambda rngs: Decoder(config, rngs, stacked=False))
    if ids is None:
        full = lambda logits: logits  # noqa: E731
    else:
        place = np.full(config.vocab, len(ids))
        place[ids] = np.arange(len(ids))

        def full(logits):  # a gather: the scatter is several times slower on CPU
            return jnp.take(jnp.pad(logits, [(0, 0)] * (logits.ndim - 1) + [(0, 1)], constant_values=-jnp.inf), place, axis=-1)

    def prepare(params: dict) -> dict:
        return params if 0 in params["blocks"] else {**params, "blocks": unstack(params["blocks"])}

    def extend(params, tokens, cache: KVCache):
        logits, cache = model.apply(params, jnp.maximum(tokens, 0), cache, method="decode")
        return full(logits), cache

    def branch(params, tokens, cache: KVCache, prefix, scratch, step):
        logits, scratch = model.apply(params, tokens, cache, prefix, scratch, step, method="branch")
        return full(logits), scratch

    return LM(
        config.vocab, prepare, model.axes, lambda batch, size: init_cache(config, batch, size, stacked=False), extend,
        lambda batch, branches, depth: init_scratch(config, batch, branches, depth, stacked=False), branch,
    )  # fmt: skip


class TableCache(NamedTuple):
    length: jax.Array  # [B] int32


def table_lm(table: Any) -> LM:
    """A Markov chain, for tests: the logits [V] of the next token are table [V, V] at the last one. params = {"table": table}."""

    def look(params, tokens):
        return params["table"][jnp.maximum(tokens, 0)].astype(jnp.float32)

    def extend(params, tokens, cache: TableCache):
        return look(params, tokens), TableCache(cache.length + tokens.shape[1])

    return LM(
        len(table), lambda params: params, None, lambda batch, size: TableCache(jnp.zeros(batch, jnp.int32)), extend,
        lambda batch, branches, depth: (), lambda params, tokens, cache, prefix, scratch, step: (look(params, tokens), scratch),
    )  # fmt: skip
