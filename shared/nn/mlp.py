"""The two feed-forward layers of transformers."""

import jax
from flax import nnx

from shared.nn.dropout import Drop, keep
from shared.nn.linear import Linear, Start


class SwiGLU(nnx.Module):
    """down(silu(gate(x)) * up(x)) (Shazeer, 2020)."""

    def __init__(self, width: int, hidden: int, rngs: nnx.Rngs, *, bias: bool = False, dtype: str = "float32"):
        self.gate = Linear((width, hidden), ("embed", "mlp"), rngs, bias=bias, dtype=dtype)
        self.up = Linear((width, hidden), ("embed", "mlp"), rngs, bias=bias, dtype=dtype)
        self.down = Linear((hidden, width), ("mlp", "embed"), rngs, bias=bias, dtype=dtype)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.down(jax.nn.silu(self.gate(x)) * self.up(x))


class GELU(nnx.Module):
    """down(gelu(up(x))): the tanh form, used by GPT-2, or the exact one, used by vision transformers."""

    def __init__(self, width: int, hidden: int, rngs: nnx.Rngs, *, bias: bool = False, exact: bool = False, start: Start | None = None,
                 dtype: str = "float32"):
        self.up = Linear((width, hidden), ("embed", "mlp"), rngs, bias=bias, start=start, dtype=dtype)
        self.down = Linear((hidden, width), ("mlp", "embed"), rngs, bias=bias, start=start, dtype=dtype)
        self.exact = exact

    def __call__(self, x: jax.Array, drop: Drop = keep) -> jax.Array:
        return self.down(drop(gelu(self.up(x)) if self.exact else jax.nn.gelu(self.up(x))))


def gelu(x: jax.Array) -> jax.Array:
    """x times the share of a normal distribution below x. By erf, as PyTorch has it: a CPU takes three times as long for the erfc of
    jax.nn.gelu, which is more exact only where the result is next to nothing."""
    return x * (0.5 + 0.5 * jax.lax.erf(x * 0.5**0.5))


MLPS = {"swiglu": SwiGLU, "gelu": GELU}
