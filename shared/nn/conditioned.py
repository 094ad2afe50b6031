"""Transformer blocks that a condition steers: adaptive LayerNorm, zero at the start (AdaLN-zero; Peebles and Xie, 2023).

The condition shifts and scales what a sub-layer reads, and gates what it adds. At the start all gates are zero: a block is the identity.
"""

import jax
from flax import nnx

from shared.nn.attention import Attention
from shared.nn.dropout import dropout, keep
from shared.nn.linear import Linear, fixed, torch_default
from shared.nn.mlp import GELU
from shared.nn.norms import LayerNorm, standardise
from shared.nn.stack import scan, stack

Past = tuple[jax.Array, jax.Array]  # keys and values [B, S, H, Dh]


class Block(nnx.Module):
    """Attention and MLP over x [B, T, D], each behind a LayerNorm of its own besides the conditioned one."""

    def __init__(self, width: int, condition: int, heads: int, head_dim: int, mlp_width: int, rngs: nnx.Rngs, dtype: str):
        self.modulation = Linear((condition, 6, width), (None, None, "embed"), rngs, bias=True, start=fixed(0.0), dtype=dtype)
        self.attention_norm = LayerNorm(width)
        self.attention = Attention(width, heads, heads, head_dim, rngs, out_bias=True, start=torch_default, dtype=dtype)
        self.mlp_norm = LayerNorm(width)
        self.mlp = GELU(width, mlp_width, rngs, bias=True, exact=True, start=torch_default, dtype=dtype)

    def __call__(self, x: jax.Array, modulation: jax.Array, rate: float, key: jax.Array | None, seen: jax.Array | None) -> jax.Array:
        """modulation [B, T, 6, D]: shift, scale and gate of both sub-layers. `seen` [T, T]: what each token may look at; None: its past."""
        weights, out, hidden, last = [dropout(rate, one) for one in jax.random.split(key, 4)] if key is not None else [keep] * 4
        y = steered(x, modulation[..., :2, :], self.attention_norm)
        y = self.attention.few(y, weights) if seen is None else self.attention(y, seen=seen)
        x = x + (modulation[..., 2, :] * out(y)).astype(x.dtype)
        y = self.mlp(steered(x, modulation[..., 3:5, :], self.mlp_norm), hidden)
        return x + (modulation[..., 5, :] * last(y)).astype(x.dtype)

    def extend(self, x: jax.Array, modulation: jax.Array, past: Past | None) -> tuple[jax.Array, Past]:
        """New tokens x [B, T, D] after those whose keys and values are `past`; they look at each other."""
        y, past = self.attention.extend(steered(x, modulation[..., :2, :], self.attention_norm), past)
        x = x + (modulation[..., 2, :] * y).astype(x.dtype)
        y = self.mlp(steered(x, modulation[..., 3:5, :], self.mlp_norm))
        return x + (modulation[..., 5, :] * y).astype(x.dtype), past


def steered(x: jax.Array, modulation: jax.Array, norm: LayerNorm) -> jax.Array:
    """What a sub-layer reads: x shifted and scaled by modulation [..., 2, D], then normed once more, as the authors' layers do."""
    return norm((standardise(x, 1e-6) * (1 + modulation[..., 1, :]) + modulation[..., 0, :]).astype(x.dtype))


class Transformer(nnx.Module):
    """x [B, T, D] under conditions [B, T, C] -> [B, T, D], causal over a handful of tokens, or over what `seen` shows."""

    def __init__(
        self, layers: int, width: int, condition: int, heads: int, head_dim: int, mlp_width: int, rngs: nnx.Rngs, dtype: str = "float32"
    ):
        self.blocks = stack(lambda rngs: Block(width, condition, heads, head_dim, mlp_width, rngs, dtype), layers, rngs)
        self.norm = LayerNorm(width)

    def modulations(self, condition: jax.Array) -> jax.Array:
        """Conditions [..., C] -> the modulations of every layer, [L, ..., 6, D]. They depend on nothing else: whoever runs many windows
        over the same conditions computes them once."""
        silu = jax.nn.silu(condition)
        return scan(lambda block, carry, _: (carry, block.modulation(silu)), self.blocks, None)[1]

    def __call__(
        self, x: jax.Array, modulations: jax.Array, rate: float = 0.0, key: jax.Array | None = None, seen: jax.Array | None = None
    ) -> jax.Array:
        """modulations [L, B, T, 6, D]; with a key, dropout at `rate` (on attention weights too unless `seen` is given)."""
        layers = len(modulations)
        keys = None if key is None else jax.random.split(key, layers)

        def one(block: Block, x: jax.Array, inputs: tuple) -> tuple[jax.Array, None]:
            return block(x, inputs[0], rate, inputs[1], seen), None

        return self.norm(scan(one, self.blocks, x, (modulations, keys))[0])

    def extend(self, x: jax.Array, modulations: jax.Array, past: Past | None) -> tuple[jax.Array, Past]:
        """New tokens x [B, T, D] under modulations [L, B, T, 6, D], after those of `past` [L, B, S, H, Dh]: what __call__ gives for them,
        without computing the older ones again."""
        x, past = scan(lambda block, x, inputs: block.extend(x, *inputs), self.blocks, x, (modulations, past))
        return self.norm(x), past
