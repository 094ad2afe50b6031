"""Small pairs for the engine's tests, SSD on the one device that a test has, and what went on inside."""

import dataclasses
import functools
from typing import Any, NamedTuple
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np

from projects.ssd import engine
from projects.ssd.drafter import Drafter
from projects.ssd.lm import decoder_lm
from projects.ssd.pairs import Model, Pair, table
from projects.ssd.sampling import Rows, Sampling
from projects.ssd.target import Target
from shared.nn.decoder import Decoder, DecoderConfig
from shared.nn.pure import pure

CONFIG = DecoderConfig(vocab=61, layers=2, width=32, heads=4, kv_heads=2, mlp_width=48, head_dim=8, context=256)
CAPACITY = 140  # tokens of a row, the same in most tests: engines of one size share their compiled programs
lm = functools.cache(decoder_lm)


@functools.cache
def model(seed: int, layers: int = 2, contrast: float = 20.0) -> Model:
    """Untrained, but with logits far enough apart that no rounding decides an argmax."""
    config = dataclasses.replace(CONFIG, layers=layers)
    params = jax.jit(pure(lambda rngs: Decoder(config, rngs)).init)(jax.random.key(seed))
    params["embedding"]["table"] *= contrast
    return Model(lm(config), params, config)


def near(one: Model, noise: float = 0.2) -> Model:
    """The same model with noise."""
    dice = np.random.default_rng(1)
    return one._replace(params=jax.tree.map(lambda x: x + noise * x.std() * dice.normal(size=x.shape).astype(np.float32), one.params))


@functools.cache
def pair(kind: str = "near") -> Pair:
    """near: the draft is the target with noise. untrained: it has nothing to do with it. same: it is the target."""
    target = model(0)
    return Pair(kind, target, {"near": lambda: near(target), "same": lambda: target, "untrained": lambda: model(7, layers=1)}[kind]())


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


def run(pair, spec, sampling, prompts, batch=3, capacity=CAPACITY):
    """Tokens and columns of the rounds; SSD runs as itself although there is only one device."""
    with mock.patch.object(engine, "alone", lambda: False), engine.Engine(pair, spec, batch, capacity) as made:
        result = made.generate(prompts, sampling)
    return result.tokens, result.rounds.columns()


class Before(NamedTuple):
    """What the draft knew when it began to prepare, and what it prepared."""

    history: np.ndarray  # [B, S]: the committed tokens, positions 0 .. length
    length: np.ndarray  # [B]
    speculation: np.ndarray  # [B, K]
    prepared: Any  # draft_steps.Prepared


class Seen(NamedTuple):
    prepared: list[Before]  # one per round
    target: list[Any]  # the cache after every verification
    draft: list[Any]  # the cache after every answer, the first one from before the first verification


def watched(pair, spec, sampling, prompts, batch=3, capacity=CAPACITY):
    """The same, and what the target and the draft held in every round."""
    seen = Seen([], [], [])

    class Drafting(Drafter):
        def answer(self, outcome, order):
            reply = super().answer(outcome, order)
            seen.draft.append(kept(self.state.cache))
            return reply

        def prespeculate(self):
            super().prespeculate()
            history, cache = self.state.history, self.state.cache
            seen.prepared.append(Before(*kept((history, cache.length, self.reply[0], self.prepared))))

    class Verifying(Target):
        def verify(self, *words):
            outcome = super().verify(*words)
            seen.target.append(kept(self.cache))
            return outcome

    with mock.patch.multiple(engine, Drafter=Drafting, Target=Verifying):
        return *run(pair, spec, sampling, prompts, batch, capacity), seen


def kept(tree: Any) -> Any:
    """Copies: the next step takes over the memory."""
    return jax.tree.map(np.array, tree)


@functools.cache
def reader(config: DecoderConfig) -> Any:
    return jax.jit(pure(lambda rngs: Decoder(config, rngs)).apply)


def forward(model: Model, texts: np.ndarray) -> np.ndarray:
    """Logits [N, T, V] of whole texts [N, T] by the trained model itself: no cache, no branches, no layers apart."""
    assert model.ids is None
    full = np.pad(texts, ((0, -len(texts) % 256), (0, 0)))  # few numbers of rows, so few programs
    return np.asarray(reader(model.config)(model.params, full))[: len(texts)]


def wide(pair, prompts, depth, new, batch=3, capacity=CAPACITY):
    """Plain greedy decoding through the program that verifies `depth` guesses: they are padding, and none is kept."""
    target = Target(pair.target.lm, pair.target.params, batch, capacity + depth + 2, jax.devices()[0])
    nothing, texts = np.full((batch, depth), -1, np.int32), []
    for first in range(0, len(prompts), batch):
        some = [*prompts[first : first + batch]]
        some += [[0]] * (batch - len(some))
        lengths = np.array(list(map(len, some)), np.int32)
        tokens = np.array([[*one, *[0] * (lengths.max() - len(one))] for one in some], np.int32)
        target.start(tokens, lengths, Rows(Sampling(), np.arange(batch)))
        out = np.array([np.asarray(target.verify(nothing, None, np.ones(batch, bool))) for _ in range(new)])  # [new, B, K + 2]
        assert not out[:, :, 0].any()
        texts += out[:, :, 1].T.tolist()
    return texts[: len(prompts)]
