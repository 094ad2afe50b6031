"""A transformer without a mask, whose heads may be wider than a share of the model: every token looks at every other."""

import jax
from flax import nnx

from shared.nn.attention import Attention
from shared.nn.linear import Start
from shared.nn.mlp import GELU
from shared.nn.norms import LayerNorm
from shared.nn.stack import scan, stack


class Block(nnx.Module):
    """Pre-norm attention among all tokens x [B, T, D], then an MLP."""

    def __init__(self, width: int, heads: int, head_dim: int, mlp_width: int, rngs: nnx.Rngs, *, start: Start | None = None,
                 eps: float = 1e-5, dtype: str = "float32"):
        self.attention_norm = LayerNorm(width, eps=eps)
        self.attention = Attention(width, heads, heads, head_dim, rngs, bias=True, start=start, dtype=dtype)
        self.mlp_norm = LayerNorm(width, eps=eps)
        self.mlp = GELU(width, mlp_width, rngs, bias=True, exact=True, start=start, dtype=dtype)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = x + self.attention(self.attention_norm(x), causal=False)
        return x + self.mlp(self.mlp_norm(x))


class Encoder(nnx.Module):
    """Tokens [B, T, width] -> [B, T, width], normed at the end. Nothing here knows the order of the tokens."""

    def __init__(self, layers: int, width: int, heads: int, head_dim: int, mlp_width: int, rngs: nnx.Rngs, dtype: str = "float32"):
        self.blocks = stack(lambda rngs: Block(width, heads, head_dim, mlp_width, rngs, dtype=dtype), layers, rngs)
        self.norm = LayerNorm(width)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.norm(scan(lambda block, x, _: (block(x), None), self.blocks, x)[0])
