"""What the engine knows of a model: pure functions over explicit arrays."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.sharding import Mesh

from shared.nn.cache import KVCache, init_cache, init_scratch
from shared.nn.decoder import Decoder, DecoderConfig
from shared.nn.linear import panelled
from shared.nn.pure import pure
from shared.nn.stack import unstack


@dataclass(frozen=True, eq=False)  # hashed by identity: engines over one LM share their compiled programs
class LM:
    """Slots at or beyond a row's length are garbage. Tokens < 0 (padding) may be fed; what comes of them is never read."""

    vocab: int
    prepare: Callable[[Any, Any], Any]  # (parameters as trained, the device or mesh that decodes) -> as decoded there
    axes: Any | None  # logical axes of the prepared parameters; None: replicate them
    init_cache: Callable[[int, int], Any]  # (batch, size) -> a tree with .length [B] int32
    extend: Callable  # (params, tokens [B, T], cache) -> (logits [B, T, V] float32, cache longer by T)
    init_scratch: Callable[[int, int, int], Any]  # (batch, branches, depth)
    branch: Callable  # (params, tokens [B, M], cache, prefix [B, M], scratch, step) -> (logits [B, M, V], scratch)


def decoder_lm(config: DecoderConfig, ids: np.ndarray | None = None) -> LM:
    """A transformer. With `ids` [n] its output layer has only these tokens; the others get -inf: they are never drafted."""
    untied = replace(config, tied_head=False)
    model, whole = (pure(lambda rngs, one=one: Decoder(one, rngs, stacked=False)) for one in (config, untied))
    cut = pure(lambda rngs: panelled(Decoder(untied, rngs, stacked=False)))
    if ids is None:
        full = lambda logits: logits  # noqa: E731
    else:
        place = np.full(config.vocab, len(ids))
        place[ids] = np.arange(len(ids))

        def full(logits):  # a gather: the scatter is several times slower on CPU
            return jnp.take(jnp.pad(logits, [(0, 0)] * (logits.ndim - 1) + [(0, 1)], constant_values=-jnp.inf), place, axis=-1)

    def prepare(params: dict, place: jax.Device | Mesh) -> dict:
        if 0 not in params["blocks"]:
            params = {**params, "blocks": unstack(params["blocks"])}
        if isinstance(place, Mesh) or place.platform != "cpu":
            return params
        if config.tied_head:  # the table serves two products of different layout
            params = {**params, "head": {"kernel": params["embedding"]["table"].T}}
        return nnx.to_pure_dict(nnx.split(panelled(nnx.merge(whole.graph, nnx.State(params))), nnx.Param)[1])

    def apply(params: dict, *args, method: str):
        chosen = cut if params["blocks"][0]["mlp"]["up"]["kernel"].ndim == 3 else model  # panels have an axis more
        return chosen.apply(params, *args, method=method)

    def extend(params, tokens, cache: KVCache):
        logits, cache = apply(params, jnp.maximum(tokens, 0), cache, method="decode")
        return full(logits), cache

    def branch(params, tokens, cache: KVCache, prefix, scratch, step):
        logits, scratch = apply(params, tokens, cache, prefix, scratch, step, method="branch")
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
        len(table), lambda params, place: params, None, lambda batch, size: TableCache(jnp.zeros(batch, jnp.int32)), extend,
        lambda batch, branches, depth: (), lambda params, tokens, cache, prefix, scratch, step: (look(params, tokens), scratch),
    )  # fmt: skip
