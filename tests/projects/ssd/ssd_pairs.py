"""Small pairs for the engine's tests, and SSD on the one device that a test has."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np

from projects.ssd import engine
from projects.ssd.pairs import Model, Pair, decoder, table
from shared.nn.decoder import Decoder, DecoderConfig
from shared.nn.pure import pure

CONFIG = DecoderConfig(vocab=61, layers=2, width=32, heads=4, kv_heads=2, mlp_width=48, head_dim=8, context=256)


@functools.cache
def model(seed: int, layers: int = 2) -> Model:
    """Untrained, but with logits far enough apart that no rounding decides an argmax."""
    config = dataclasses.replace(CONFIG, layers=layers)
    params = jax.jit(pure(lambda rngs: Decoder(config, rngs)).init)(jax.random.key(seed))
    params["embedding"]["table"] *= 20
    return decoder(config, params)


@functools.cache
def pair(kind: str = "near") -> Pair:
    """near: the draft is the target with noise. untrained: it has nothing to do with it. same: it is the target."""
    target = model(0)
    if kind == "near":
        noise = np.random.default_rng(1)
        params = jax.tree.map(lambda x: x + 0.2 * x.std() * noise.normal(size=x.shape).astype(np.float32), target.params)
        return Pair(kind, target, target._replace(params=params))
    return Pair(kind, target, target if kind == "same" else model(7, layers=1))


@functools.cache
def tables(vocab: int = 6, sharp: float = 1.5) -> Pair:
    """Two Markov chains that resemble each other."""
    noise = np.random.default_rng(0)
    p = sharp * noise.normal(size=(vocab, vocab))
    q = p + 0.7 * noise.normal(size=(vocab, vocab))
    return Pair("tables", table(jnp.asarray(p, jnp.float32)), table(jnp.asarray(q, jnp.float32)))


def prompts(count: int, vocab: int = 61, longest: int = 12) -> list[list[int]]:
    noise = np.random.default_rng(5)
    return [noise.integers(0, vocab, 1 + index % longest).tolist() for index in range(count)]


def run(pair, spec, sampling, prompts, batch=3, capacity=96):
    """Tokens and columns of the rounds; SSD runs as itself although there is only one device."""
    before, engine.alone = engine.alone, lambda: False
    try:
        with engine.Engine(pair, spec, batch, capacity) as made:
            result = made.generate(prompts, sampling)
    finally:
        engine.alone = before
    return result.tokens, result.rounds.columns()
