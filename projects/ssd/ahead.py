"""The programs of a round of SSD, to be lowered: the target's verification over a mesh, and meanwhile the draft's prespeculation."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import NamedSharding, PartitionSpec
from ml_collections import ConfigDict

from projects.ssd import draft_steps, target
from projects.ssd.lm import LM, decoder_lm
from projects.ssd.model import build, decoder_config
from projects.ssd.weights import architecture
from shared import sharding
from shared.errors import BadInput
from shared.lowering import Ahead, Program, parameter_count
from shared.nn.decoder import DecoderConfig

Tree = Any


def programs(config: ConfigDict, ahead: Ahead) -> list[Program]:
    """A round of K = spec.lookahead tokens: the target split over the mesh by the logical axes of its model, the draft on a device of its
    own. How many rounds there will be depends on the texts: half of what is drafted is taken to be right."""
    s, depth = config.spec, config.spec.lookahead
    size = config.prompts.length + config.prompts.new + depth + 2
    calls = config.prompts.count * config.prompts.new * config.bench.repeats / (config.bench.batch * (1 + depth / 2))
    return [
        verification(architecture(config, ahead.needs), config, ahead, size, calls),
        prespeculation(draft(ahead), config, ahead, size, calls, s.budget, s.saguaro),
    ]


def draft(ahead: Ahead) -> DecoderConfig:
    trained = ahead.needs["draft"][0]
    if trained.distil.outputs:
        raise BadInput("a draft with distil.outputs holds its target's own embedding, which is not known ahead of time")
    return decoder_config(trained)


def verification(decoder: DecoderConfig, config: ConfigDict, ahead: Ahead, size: int, calls: float) -> Program:
    lm, mesh, batch = decoder_lm(decoder), ahead.mesh, config.bench.batch
    params = prepared(lm, decoder, ahead)
    params = jax.tree.map(lambda leaf, place: leaf.update(sharding=place), params, target.placement(lm, params, mesh))
    everywhere = NamedSharding(mesh, PartitionSpec())

    def whole(shape: tuple[int, ...], kind: str) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(shape, kind, sharding=everywhere)

    cache = jax.eval_shape(lambda: lm.init_cache(batch, size))
    cache = jax.tree.map(lambda leaf: leaf.update(sharding=NamedSharding(mesh, heads(leaf, mesh))), cache)
    drawn = whole((batch, config.spec.lookahead), "int32")
    given = (params, cache, whole((batch,), "int32"), drawn, whole((batch,), "bool"))
    if config.sampling.temperature:
        rows = whole((2,), "uint32"), whole((batch,), "int32"), whole((batch,), "float32")
        given += (whole((*drawn.shape, lm.vocab), "float32"), rows)
    verify = jax.jit(lambda *given: target.step(*given, lm=lm, place=mesh), donate_argnums=(1, 2))
    return Program(f"verification of {config.spec.lookahead} tokens", verify, given, calls, parameter_count(params))


def heads(leaf: jax.ShapeDtypeStruct, mesh: Any) -> PartitionSpec:
    """Of keys and values [B, Hkv, S, Dh], as target.settled splits them."""
    axis = sharding.RULES["kv"]
    return PartitionSpec(None, axis) if leaf.ndim == 4 and not leaf.shape[1] % sharding.axis_size(mesh, axis) else PartitionSpec()


def prespeculation(
    decoder: DecoderConfig, config: ConfigDict, ahead: Ahead, size: int, calls: float, branches: int, weight: float
) -> Program:
    lm, batch, depth, shaped = decoder_lm(decoder), config.bench.batch, config.spec.lookahead, jax.ShapeDtypeStruct
    params = prepared(lm, decoder, ahead)
    state = draft_steps.State(jax.eval_shape(lambda: lm.init_cache(batch, size)), shaped((batch, size), jnp.int32))
    rows = (shaped((2,), "uint32"), shaped((batch,), "int32"), shaped((batch,), "float32")) if config.sampling.temperature else None
    given = (
        params, state, shaped((batch, depth), jnp.int32), shaped((batch,), bool), shaped((2, 2, branches), jnp.int32),
        shaped((depth,), jnp.int32), rows,
    )  # fmt: skip
    guess = jax.jit(lambda *given: draft_steps.prespeculate(*given, lm=lm, weight=weight, limit=branches), donate_argnums=1)
    return Program(f"prespeculation of {branches} outcomes", guess, given, calls, parameter_count(params), passes=depth + 1)


def prepared(lm: LM, decoder: DecoderConfig, ahead: Ahead) -> Tree:
    return jax.eval_shape(lambda key: lm.prepare(build(decoder).init(key), ahead.mesh), jax.random.key(0))
