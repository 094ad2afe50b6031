"""A decoder-only transformer: Llama style by default, GPT-2 style by choice of fields."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import nnx

from shared.nn.attention import Attention
from shared.nn.cache import KVCache, Scratch
from shared.nn.linear import Embedding, Linear
from shared.nn.mlp import MLPS
from shared.nn.norms import LayerNorm, RMSNorm
from shared.nn.rope import Llama3Scaling, frequencies, rotation
from shared.nn.stack import scan, stack


@dataclass(frozen=True)
class DecoderConfig:
    """Everything that fixes the architecture. Parameters are float32; `dtype` is that of the computation."""

    vocab: int
    layers: int
    width: int
    heads: int
    kv_heads: int  # divides heads; fewer than heads is grouped-query attention
    mlp_width: int
    head_dim: int
    context: int  # longest sequence [tokens]; sizes the table of learned positions
    norm: str = "rms"  # or "layer"
    norm_eps: float = 1e-6  # Llama 1e-5, Qwen 1e-6
    mlp: str = "swiglu"  # or "gelu"
    rope_base: float = 10000.0
    rope_scaling: Llama3Scaling | None = None
    position: str = "rope"  # or "learned"
    qk_norm: bool = False
    bias: bool = False  # in linear layers and LayerNorm
    tied_head: bool = False  # the output layer is the embedding table
    outputs: int = 0  # tokens that an untied output layer can say; 0: all of the vocabulary
    dtype: str = "float32"  # or "bfloat16"


def norm(config: DecoderConfig) -> nnx.Module:
    eps = config.norm_eps
    return RMSNorm(config.width, eps=eps) if config.norm == "rms" else LayerNorm(config.width, bias=config.bias, eps=eps)


class Block(nnx.Module):
    """Pre-norm attention and MLP, each added to the residual stream."""

    def __init__(self, config: DecoderConfig, rngs: nnx.Rngs):
        c = config
        self.attention_norm = norm(c)
        self.attention = Attention(c.width, c.heads, c.kv_heads, c.head_dim, rngs, qk_norm=c.qk_norm, bias=c.bias,
                                   norm_eps=c.norm_eps, dtype=c.dtype)
        self.mlp_norm = norm(c)
        self.mlp = MLPS[c.mlp](c.width, c.mlp_width, rngs, bias=c.bias, dtype=c.dtype)

    def __call__(self, x: jax.Array, rope) -> jax.Array:
        x = x + self.attention(self.attention_norm(x), rope)
        return x + self.mlp(self.mlp_norm(x))

    def decode(self, x: jax.Array, rope, positions: jax.Array, slots):
        y, slots = self.attention.decode(self.attention_norm(x), rope, positions, slots)
        x = x + y
        return x + self.mlp(self.mlp_norm(x)), slots

    def branch(self, x: jax.Array, rope, slots, prefix: jax.Array, scratch, step):
        y, scratch = self.attention.branch(self.attention_norm(x), rope, slots, prefix, scratch, step)
        x = x + y
        return x + self.mlp(self.mlp_norm(x)), scratch


class Decoder(nnx.Module):
    """tokens [B, T] int32 -> next-token logits [B, T, V] float32.

    `stacked=False` keeps the layers in a list, for decoding (shared.nn.stack.scan); `unstack` converts their parameters.
    """

    def __init__(self, config: DecoderConfig, rngs: nnx.Rngs, stacked: bool = True):
        c = self.config = config
        self.embedding = Embedding(c.vocab, c.width, ("vocab", "embed"), rngs, dtype=c.dtype)
        learned = c.position == "learned"
        self.positions = Embedding(c.context, c.width, (None, "embed"), rngs, dtype=c.dtype) if learned else None
        build = lambda rngs: Block(c, rngs)  # noqa: E731
        self.blocks = stack(build, c.layers, rngs) if stacked else nnx.List(build(rngs) for _ in range(c.layers))
        self.norm = norm(c)
        self.head = None if c.tied_head else Linear((c.width, c.outputs or c.vocab), ("embed", "vocab"), rngs, dtype=c.dtype)

    def __call__(self, tokens: jax.Array) -> jax.Array:
        x, rope = self.embed(tokens, jnp.arange(tokens.shape[1]))
        x, _ = scan(lambda block, x, _: (block(x, rope), None), self.blocks, x)
        return self.logits(x)

    def decode(self, tokens: jax.Array, cache: KVCache) -> tuple[jax.Array, KVCache]:
        """Append tokens [B, T] to the rows of the cache: their logits [B, T, V] and the longer cache."""
        positions = cache.length[:, None] + jnp.arange(tokens.shape[1])  # [B, T]
        x, rope = self.embed(tokens, positions)
        step = lambda block, x, slots: block.decode(x, rope, positions, slots)  # noqa: E731
        x, (k, v) = scan(step, self.blocks, x, (cache.k, cache.v))
        return self.logits(x), KVCache(k, v, cache.length + tokens.shape[1])

    def branch(self, tokens: jax.Array, cache: KVCache, prefix: jax.Array, scratch: Scratch, step: jax.Array | int):
        """Token `step` [B, M] of M branches per row: their logits [B, M, V] and the scratch with their keys and values.

        Branch m continues the first prefix[b, m] tokens of the cache, which stays as it is; its tokens 0 .. step - 1 are
        in the scratch. One call per step, each branch one token, gives what `decode` gives for every branch on its own.
        """
        x, rope = self.embed(tokens, prefix + step)
        one = lambda block, x, own: block.branch(x, rope, own[:2], prefix, own[2:], step)  # noqa: E731
        x, (k, v) = scan(one, self.blocks, x, (cache.k, cache.v, scratch.k, scratch.v))
        return self.logits(x), Scratch(k, v)

    def embed(self, tokens: jax.Array, positions: jax.Array):
        """Residual stream [B, T, D] at positions [T] or [B, T], and the rotation attention applies there."""
        x = self.embedding(tokens)
        if self.positions is not None:
            return x + self.positions(positions), None
        c = self.config
        return x, rotation(positions, frequencies(c.head_dim, c.rope_base, c.rope_scaling))

    def logits(self, x: jax.Array) -> jax.Array:
        x = self.norm(x)
        y = self.embedding.attend(x) if self.head is None else self.head(x)
        return y.astype(jnp.float32)


def parameter_count(config: DecoderConfig) -> dict[str, int]:
    """Parameters in all, in embedding tables and output layer, and in the body (the rest)."""
    c = config
    bias = int(c.bias)
    norm = c.width * (2 if c.norm == "layer" and c.bias else 1)
    query, key = c.heads * c.head_dim, c.kv_heads * c.head_dim
    attention = c.width * (query + 2 * key) + query * c.width + bias * (query + 2 * key + c.width)
    attention += 2 * c.head_dim * int(c.qk_norm)
    up = 2 if c.mlp == "swiglu" else 1
    mlp = (up + 1) * c.width * c.mlp_width + bias * (up * c.mlp_width + c.width)
    body = c.layers * (attention + mlp + 2 * norm) + norm
    embedding = c.vocab * c.width + (0 if c.tied_head else (c.outputs or c.vocab) * c.width)
    embedding += c.context * c.width * (c.position == "learned")
    return {"total": body + embedding, "embedding": embedding, "body": body}
