"""The compiled steps of the draft: prefill, K tokens now, a cache of outcomes, and its lookup.

A "speculation" is a pair (tokens [B, K] int32, q [B, K, V] float32 or None when all rows are greedy). `rows` are the arrays of
sampling.Rows, None when greedy: a greedy program has neither q nor noise.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from projects.ssd import sampling
from projects.ssd.drafting import Order
from projects.ssd.sampling import DRAFT
from projects.ssd.verify import at

NGRAM = 3  # longest suffix that prompt lookup tries to find again


class State(NamedTuple):
    cache: Any  # of the trunk: the committed tokens but the last
    history: jax.Array  # [B, S] int32, the committed tokens: positions 0 .. length


class Prepared(NamedTuple):
    """The speculation cache. Lives one round."""

    kidx: jax.Array  # [B, M]; -1: not a candidate
    bonus: jax.Array  # [B, M]
    tokens: jax.Array  # [B, M, K]
    logits: jax.Array | None  # [B, M, K, V], as the draft gave them; None when greedy
    trunk: jax.Array  # [B, K + 1, V] logits without the drafted tokens, for the rank


def fans(order: Order) -> np.ndarray:
    """[K] int32, how many tokens at each place belong to Saguaro's top set: the candidates and the drafted one among them."""
    count = np.bincount(order.hit.kidx[order.hit.kidx >= 0], minlength=order.lookahead + 1)[: order.lookahead]
    return np.where(count > 0, count + 1, 0).astype(np.int32)


@partial(jax.jit, static_argnames=("lm", "size"))
def prefill(params, tokens, lengths, *, lm, size: int) -> State:
    """Prompts [B, P] of `lengths`; their last tokens are committed but not cached."""
    _, cache = lm.extend(params, tokens, lm.init_cache(len(tokens), size))
    history = jnp.zeros((len(tokens), size), jnp.int32).at[:, : tokens.shape[1]].set(tokens)
    return State(cache._replace(length=lengths - 1), history)


@partial(jax.jit, static_argnames=("lm", "weight", "limit", "depth"), donate_argnames="state")
def neural(params, state: State, speculation, k, bonus, active, keep, kept, top, rows, *, lm, weight, limit, depth):
    """Commits an outcome (k = -1: none) and drafts `depth` tokens one after another; rows of `keep` [B] keep `kept`, tokens and q.

    The first step feeds the last two committed tokens: after an outcome with k = K the first of them has not been cached yet.
    """
    state = advance(state, speculation, k, bonus, active)
    cache, length = state.cache, state.cache.length
    begin = jnp.maximum(length - 1, 0)
    pair = jnp.take_along_axis(state.history, begin[:, None] + jnp.arange(2), 1)
    logits, cache = lm.extend(params, pair, cache._replace(length=begin))
    cache = cache._replace(length=length + 1)
    noise = None if rows is None else drafting_noise(rows, length + 1, depth, lm.vocab)
    pick = partial(choose, weight=weight, limit=limit, rows=rows)
    token, law = pick(at(logits, length - begin), top[0], None if rows is None else noise[:, 0])

    def one(carry, x):
        token, cache = carry
        logits, cache = lm.extend(params, token[:, None], cache)
        token, law = pick(logits[:, 0], *x)
        return (token, cache), (token, law)

    xs = (top[1:], None if rows is None else noise.swapaxes(0, 1)[1:])
    (_, cache), (tokens, laws) = jax.lax.scan(one, (token, cache), xs)
    tokens = jnp.where(keep[:, None], kept[0], jnp.concatenate([token[None], tokens]).T)
    q = None if rows is None else jax.nn.softmax(jnp.concatenate([law[None], laws]).swapaxes(0, 1), -1)
    q = None if rows is None else jnp.where(keep[:, None, None], kept[1], q)
    return State(cache._replace(length=length), state.history), (tokens, q)


@partial(jax.jit, static_argnames=("kind", "vocab"))
def cheap(state: State, keep, kept, rows, *, kind: str, vocab: int):
    """A speculation without the model, for the rows not in `keep`: with q = 1 / V for random tokens, one-hot for looked up ones."""
    tokens, q = kept
    b, depth = tokens.shape
    if kind == "random":
        seed, ids, _ = (jnp.zeros(2, jnp.uint32), jnp.arange(b), None) if rows is None else rows
        positions = state.cache.length[:, None] + 1 + jnp.arange(depth)
        new = sampling.integers(seed, DRAFT, ids, positions, vocab)
        law = jnp.full((b, depth, vocab), 1 / vocab)
    else:
        new = ngram(state.history, state.cache.length, depth)
        law = jax.nn.one_hot(new, vocab)
    return jnp.where(keep[:, None], tokens, new), None if q is None else jnp.where(keep[:, None, None], q, law)


def ngram(history, length, depth: int):
    """[B, depth]: what followed the last earlier place with the longest common suffix, up to NGRAM tokens; it may run into itself."""
    place = jnp.arange(history.shape[1])
    same, run = jnp.ones(history.shape, bool), jnp.zeros(history.shape, jnp.int32)
    for back in range(NGRAM):
        suffix = jnp.take_along_axis(history, jnp.maximum(length - back, 0)[:, None], 1)
        same &= (jnp.roll(history, back, 1) == suffix) & (place >= back) & (length >= back)[:, None]
        run += same
    score = jnp.where(place < length[:, None], run * history.shape[1] + place, -1)
    found = jnp.argmax(score, 1)
    period = jnp.maximum(length - found, 1)
    return jnp.take_along_axis(history, found[:, None] + 1 + jnp.arange(depth) % period[:, None], 1)


@partial(jax.jit, static_argnames=("lm", "weight", "limit"), donate_argnames="state")
def prespeculate(params, state: State, speculation, poor, tables, top, rows, *, lm, weight, limit):
    """While `speculation` [B, K] is verified: the answers to M outcomes.

    tables [2, 2, M]: (kidx, rank) for rows with a speculation of the model, and for rows with a `poor` [B] one.
    """
    length, (b, depth), vocab = state.cache.length, speculation.shape, lm.vocab
    last = at(state.history, length)
    logits, cache = lm.extend(params, jnp.concatenate([last[:, None], speculation], 1), state.cache)
    cache = cache._replace(length=length)
    drafted = jnp.pad(speculation, ((0, 0), (0, 1)), constant_values=-1)  # cannot be the bonus where it was rejected
    trunk = jnp.where(drafted[..., None] == jnp.arange(vocab), -jnp.inf, logits)
    best, index = jax.lax.top_k(trunk, min(limit, vocab))
    kidx, rank = (jnp.where(poor[:, None], tables[1, i], tables[0, i]) for i in (0, 1))
    row, k, r = jnp.arange(b)[:, None], jnp.maximum(kidx, 0), jnp.minimum(rank, best.shape[-1] - 1)
    valid = (kidx >= 0) & (rank < best.shape[-1]) & (best[row, k, r] > -jnp.inf)
    bonus = index[row, k, r]
    prefix = length[:, None] + k + 1
    # branches of one row share the noise of a position: only one of them will be used
    noise = None if rows is None else drafting_noise(rows, length + 2, 2 * depth, vocab)
    shared_rows = None if rows is None else (*rows[:2], rows[2][:, None])
    pick = partial(choose, weight=weight, limit=limit, rows=shared_rows)

    def one(carry, x):
        token, scratch = carry
        step, fan = x
        logits, scratch = lm.branch(params, token, cache, prefix, scratch, step)
        token, _ = pick(logits, fan, None if rows is None else noise[row, k + step])
        return (token, scratch), (token, None if rows is None else logits)

    scratch = lm.init_scratch(b, bonus.shape[1], depth)
    _, (tokens, laws) = jax.lax.scan(one, (bonus, scratch), (jnp.arange(depth), top))
    laws = None if rows is None else laws.transpose(1, 2, 0, 3)
    prepared = Prepared(jnp.where(valid, kidx, -1), bonus, tokens.transpose(1, 2, 0), laws, trunk)
    return State(cache, state.history), prepared


@partial(jax.jit, static_argnames=("weight", "limit"), donate_argnames="state")
def lookup(state: State, speculation, prepared: Prepared, k, bonus, active, top, rows, *, weight, limit):
    """Commits an outcome; its speculation if it was prepared, and [2, B]: whether it was, and the rank of the bonus."""
    state = advance(state, speculation, k, bonus, active)
    match = (prepared.kidx == k[:, None]) & (prepared.bonus == bonus[:, None])
    row, branch = jnp.arange(len(k)), jnp.argmax(match, 1)
    q = None
    if rows is not None:
        q = jax.nn.softmax(law(prepared.logits[row, branch], top, weight, limit, rows[2][:, None]), -1)
    trunk = at(prepared.trunk, k)
    mine = jnp.take_along_axis(trunk, bonus[:, None], 1)
    before = (trunk > mine) | ((trunk == mine) & (jnp.arange(trunk.shape[1]) < bonus[:, None]))
    rank = jnp.where(mine[:, 0] > -jnp.inf, before.sum(1), trunk.shape[1])
    found = jnp.where(active, jnp.stack([match.any(1), rank]), -1)
    return state, (prepared.tokens[row, branch], q), found.astype(jnp.int32)


@partial(jax.jit, static_argnames=("weight", "limit"))
def laws(prepared: Prepared, top, rows, *, weight, limit):
    """[B, M, K, V], what the tokens of every branch were drawn from: what `lookup` gives for one of them."""
    return jax.nn.softmax(law(prepared.logits, top, weight, limit, rows[2][:, None, None]), -1)


def advance(state: State, speculation, k, bonus, active) -> State:
    """Commits k tokens of the speculation and the bonus."""
    length, (b, depth) = state.cache.length, speculation.shape
    place = jnp.arange(depth + 1)
    new = jnp.where(place == k[:, None], bonus[:, None], jnp.pad(speculation, ((0, 0), (0, 1))))
    where = jnp.where((place <= k[:, None]) & active[:, None], length[:, None] + 1 + place, state.history.shape[1])
    history = state.history.at[jnp.arange(b)[:, None], where].set(new, mode="drop")
    return State(state.cache._replace(length=length + jnp.where(active, k + 1, 0)), history)


def law(logits, top, weight: float, limit: int, temperature):
    """Log-weights that tokens are drawn from; Saguaro's `top` is broadcast, `temperature` has the leading axes of logits [..., V]."""
    z = sampling.scaled(logits, temperature)
    if weight == 1 or not limit:
        return z
    return sampling.saguaro(z, jnp.broadcast_to(top, z.shape[:-1]), limit + 1, weight, temperature)


def choose(logits, top, noise, *, weight, limit, rows):
    """Tokens drawn from logits [..., V] and the log-weights they were drawn from; greedy without rows."""
    if rows is None:
        return jnp.argmax(logits, -1).astype(jnp.int32), None
    z = law(logits, top, weight, limit, rows[2])
    return jnp.argmax(z + noise, -1).astype(jnp.int32), z


def drafting_noise(rows, begin, count: int, vocab: int):
    """[B, count, V] of the positions from `begin` [B]."""
    return sampling.gumbel(*rows[:1], DRAFT, rows[1], begin[:, None] + jnp.arange(count), vocab)


def compiles() -> int:
    """Programs compiled so far."""
    return sum(program._cache_size() for program in (prefill, neural, cheap, prespeculate, lookup, laws))
