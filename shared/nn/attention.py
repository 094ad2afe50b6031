"""Multi-head attention with grouped queries (Ainslie et al., 2023) and optional q/k norm: causal, or over what a mask shows."""

import jax
import jax.numpy as jnp
from flax import nnx

from shared.nn import cache as kv
from shared.nn.dropout import Drop, keep
from shared.nn.linear import Linear, Start
from shared.nn.norms import RMSNorm
from shared.nn.rope import rotate


def attend(q: jax.Array, k: jax.Array, v: jax.Array, causal: bool = True, seen: jax.Array | None = None) -> jax.Array:
    """softmax(q k / sqrt(Dh)) v for q [B, T, H, Dh] and k, v [B, S, Hkv, Dh]; H is a multiple of Hkv. Causal, or over all of S, or over
    what `seen` [T, S] shows."""
    if jax.default_backend() == "gpu" and q.dtype == jnp.bfloat16 and seen is None:
        return jax.nn.dot_product_attention(q, k, v, is_causal=causal, implementation="cudnn")
    b, t, h, d = q.shape
    grouped = q.reshape(b, t, k.shape[2], -1, d).transpose(0, 2, 3, 1, 4)  # [B, Hkv, H / Hkv, T, Dh]
    k, v = k.swapaxes(1, 2), v.swapaxes(1, 2)  # [B, Hkv, S, Dh]
    scores = jnp.einsum("bhgtd,bhsd->bhgts", grouped, k, preferred_element_type=jnp.float32) / d**0.5
    if seen is None and causal:
        seen = jnp.tri(t, k.shape[2], dtype=bool)
    if seen is not None:
        scores = jnp.where(seen, scores, -jnp.inf)
    # divided by their sum after the product, over Dh numbers and not over S
    weights = jnp.exp(scores - jax.lax.stop_gradient(jnp.max(scores, -1, keepdims=True)))
    y = jnp.einsum("bhgts,bhsd->bhgtd", weights.astype(v.dtype), v) / jnp.sum(weights, -1, keepdims=True).astype(v.dtype)
    return y.transpose(0, 3, 1, 2, 4).reshape(q.shape)


def attend_few(q: jax.Array, k: jax.Array, v: jax.Array, drop: Drop = keep) -> jax.Array:
    """The causal form for a handful of tokens, with dropout on the weights: q [B, T, H, Dh] are the last of k, v [B, S, H, Dh].

    Products of 3 x 3 are no work for a matrix unit: as sums over broadcast arrays they fuse with their neighbours.
    """
    scores = jnp.sum((q[:, :, None] * k[:, None]).astype(jnp.float32), -1) / q.shape[-1] ** 0.5  # [B, T, S, H]
    seen = jnp.tri(q.shape[1], k.shape[1], k.shape[1] - q.shape[1], dtype=bool)[..., None]
    weights = drop(jax.nn.softmax(jnp.where(seen, scores, -jnp.inf), 2)).astype(v.dtype)
    return jnp.sum(weights[..., None] * v[:, None], 2)  # [B, T, H, Dh]


def look(q: jax.Array, slots: tuple[jax.Array, jax.Array], seen: jax.Array) -> jax.Array:
    """The same for queries [B, T, H, Dh] over the slots (k, v) [B, Hkv, S, Dh] of a cache; seen [B, T, S] tells which of them."""
    b, t, h, d = q.shape
    k, v = slots
    grouped = q.reshape(b, t, k.shape[1], -1, d).transpose(0, 2, 3, 1, 4).reshape(b, k.shape[1], -1, d)  # [B, Hkv, H / Hkv * T, Dh]
    scores = jnp.einsum("bhtd,bhsd->bhts", grouped, k, preferred_element_type=jnp.float32) / d**0.5
    seen = jnp.tile(seen, (1, grouped.shape[2] // t, 1))[:, None]
    weights = jax.nn.softmax(jnp.where(seen, scores, -jnp.inf), -1).astype(v.dtype)
    y = jnp.einsum("bhts,bhsd->bhtd", weights, v)
    return y.reshape(b, k.shape[1], -1, t, d).transpose(0, 3, 1, 2, 4).reshape(q.shape)


class Attention(nnx.Module):
    """Self-attention over [B, T, D], either of a whole sequence or of its last tokens through a cache."""

    def __init__(self, width: int, heads: int, kv_heads: int, head_dim: int, rngs: nnx.Rngs, *, qk_norm: bool = False,
                 bias: bool = False, out_bias: bool = False, norm_eps: float = 1e-6, start: Start | None = None, dtype: str = "float32"):
        like = {"start": start, "dtype": dtype}
        self.query = Linear((width, heads, head_dim), ("embed", "heads", None), rngs, bias=bias, **like)
        self.key = Linear((width, kv_heads, head_dim), ("embed", "kv", None), rngs, bias=bias, **like)
        self.value = Linear((width, kv_heads, head_dim), ("embed", "kv", None), rngs, bias=bias, **like)
        self.out = Linear((heads, head_dim, width), ("heads", None, "embed"), rngs, inputs=2, bias=bias or out_bias, **like)
        self.query_norm = RMSNorm(head_dim, (None,), eps=norm_eps) if qk_norm else None
        self.key_norm = RMSNorm(head_dim, (None,), eps=norm_eps) if qk_norm else None

    def project(self, x: jax.Array, rope) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Queries [B, T, H, Dh], keys and values [B, T, Hkv, Dh]."""
        q, k, v = self.query(x), self.key(x), self.value(x)
        if self.query_norm is not None:
            q, k = self.query_norm(q), self.key_norm(k)
        if rope is not None:
            q, k = rotate(q, *rope), rotate(k, *rope)
        return q, k, v

    def __call__(self, x: jax.Array, rope=None, causal: bool = True, seen: jax.Array | None = None) -> jax.Array:
        return self.out(attend(*self.project(x, rope), causal, seen))

    def few(self, x: jax.Array, drop: Drop = keep) -> jax.Array:
        """The causal form over a handful of tokens, with dropout on the weights."""
        return self.out(attend_few(*self.project(x, None), drop))

    def extend(self, x: jax.Array, past: tuple[jax.Array, jax.Array] | None) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        """New tokens x [B, T, D] look at each other and at past keys and values [B, S, H, Dh], which grow by theirs."""
        q, k, v = self.project(x, None)
        k, v = (k, v) if past is None else (jnp.concatenate(pair, 1) for pair in zip(past, (k, v), strict=True))
        y = attend_few(q, k, v) if x.shape[1] == 1 else attend(q, k, v, causal=False)
        return self.out(y), (k, v)

    def decode(self, x: jax.Array, rope, positions: jax.Array, slots: tuple[jax.Array, jax.Array]):
        """The new tokens x [B, T, D] at positions [B, T] write into slots (k, v) [B, Hkv, S, Dh] and attend to them."""
        q, k, v = self.project(x, rope)
        slots = kv.write(slots[0], k, positions), kv.write(slots[1], v, positions)
        seen = jnp.arange(slots[0].shape[2]) <= positions[..., None]  # [B, T, S]
        return self.out(look(q, slots, seen)), slots

    def branch(self, x: jax.Array, rope, slots: tuple[jax.Array, jax.Array], prefix: jax.Array,
               scratch: tuple[jax.Array, jax.Array], step: jax.Array | int):
        """Token `step` of M branches, x [B, M, D]. Branch m sees slots j < prefix[b, m] and its own tokens 0 .. step.

        scratch (k, v) [B, M, Hkv, K, Dh] takes the new keys and values; the slots are only read.
        """
        q, k, v = self.project(x, rope)
        own_k, own_v = (jax.lax.dynamic_update_index_in_dim(old, new.astype(old.dtype), step, 3)
                        for old, new in zip(scratch, (k, v), strict=True))
        size, depth = slots[0].shape[2], own_k.shape[3]
        q = q.reshape(*q.shape[:2], k.shape[2], -1, q.shape[-1])  # [B, M, Hkv, H / Hkv, Dh]
        trunk = jnp.einsum("bmhgd,bhsd->bmhgs", q, slots[0], preferred_element_type=jnp.float32)
        own = jnp.einsum("bmhgd,bmhkd->bmhgk", q, own_k, preferred_element_type=jnp.float32)
        seen = jnp.concatenate([jnp.arange(size) < prefix[..., None],
                                jnp.broadcast_to(jnp.arange(depth) <= step, (*prefix.shape, depth))], -1)
        scores = jnp.where(seen[:, :, None, None], jnp.concatenate([trunk, own], -1) / q.shape[-1] ** 0.5, -jnp.inf)
        weights = jax.nn.softmax(scores, -1).astype(x.dtype)
        y = jnp.einsum("bmhgs,bhsd->bmhgd", weights[..., :size], slots[1])
        y += jnp.einsum("bmhgk,bmhkd->bmhgd", weights[..., size:], own_v)
        return self.out(y.reshape(*x.shape[:2], -1, y.shape[-1])), (own_k, own_v)
