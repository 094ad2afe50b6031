"""What a latent shows, as a picture: a diagnostic that is trained on the latents of a finished model, or along with it (Table 7).

    z -> token;  one learned query per patch -> three times (attention to the token, MLP), normalised after each -> the patch's pixels
"""

from math import gcd

import jax
import jax.numpy as jnp
from flax import nnx
from ml_collections import ConfigDict

from shared.nn.attention import attend
from shared.nn.linear import Linear, torch_default
from shared.nn.mlp import GELU
from shared.nn.norms import LayerNorm
from shared.nn.pure import Pure, pure

LAYERS = 3
HEADS, HEAD_DIM = 8, 16  # that many heads, unless they would be narrower


class CrossAttention(nnx.Module):
    """Queries x [N, Q, W] look at tokens [N, S, W]."""

    def __init__(self, width: int, rngs: nnx.Rngs, dtype: str):
        heads = gcd(HEADS, max(1, width // HEAD_DIM))
        like = {"bias": True, "start": torch_default, "dtype": dtype}
        self.query, self.key, self.value = (
            Linear((width, heads, width // heads), ("embed", "heads", None), rngs, **like) for _ in range(3)
        )
        self.out = Linear((heads, width // heads, width), ("heads", None, "embed"), rngs, inputs=2, **like)

    def __call__(self, x: jax.Array, tokens: jax.Array) -> jax.Array:
        value = self.value(tokens)
        if tokens.shape[1] == 1:  # it has all the weight, whatever the query
            return self.out(value)
        return self.out(attend(self.query(x), self.key(tokens), value, causal=False))


class Layer(nnx.Module):
    """Cross-attention and MLP, with a LayerNorm after each sum."""

    def __init__(self, width: int, rngs: nnx.Rngs, dtype: str):
        self.attention, self.attention_norm = CrossAttention(width, rngs, dtype), LayerNorm(width)
        self.mlp = GELU(width, 4 * width, rngs, bias=True, exact=True, start=torch_default, dtype=dtype)
        self.mlp_norm = LayerNorm(width)

    def __call__(self, x: jax.Array, tokens: jax.Array) -> jax.Array:
        x = self.attention_norm(x + self.attention(x, tokens))
        return self.mlp_norm(x + self.mlp(x))


class Decoder(nnx.Module):
    """Latents z [N, D], or [N, S, D] of frames with several, -> frames [N, size, size, 3], float32, not held to [0, 1]."""

    def __init__(self, size: int, patch: int, latent: int, width: int, rngs: nnx.Rngs, dtype: str = "float32"):
        self.side, self.patch, self.dtype = size // patch, patch, dtype
        self.enter = Linear((latent, width), (None, "embed"), rngs, bias=True, start=torch_default, dtype=dtype)
        self.enter_norm = LayerNorm(width)
        # the latent reaches all queries alike: they must differ as much as it does, or no patch learns to differ from another for long
        self.queries = nnx.Param(jax.random.normal(rngs.params(), (self.side**2, width)), axes=(None, "embed"))
        self.layers = nnx.List(Layer(width, rngs, dtype) for _ in range(LAYERS))
        self.norm = LayerNorm(width)
        self.leave = Linear((width, patch * patch * 3), ("embed", None), rngs, bias=True, start=torch_default, dtype=dtype)

    def __call__(self, z: jax.Array) -> jax.Array:
        z = z.reshape(len(z), -1, z.shape[-1]).astype(self.dtype)
        tokens = jax.nn.gelu(self.enter_norm(self.enter(z)), approximate=False)  # [N, S, W]
        x = jnp.broadcast_to(self.queries[...].astype(self.dtype), (len(z), *self.queries.shape))  # [N, Q, W]
        for layer in self.layers:
            x = layer(x, tokens)
        return unpatched(self.leave(self.norm(x)).astype(jnp.float32), self.side, self.patch)


def unpatched(x: jax.Array, side: int, patch: int) -> jax.Array:
    """Squares of `patch` pixels, [N, side * side, patch * patch * 3], row by row -> images: undoes shared.nn.vit.patches."""
    x = x.reshape(-1, side, side, patch, patch, 3).swapaxes(2, 3)
    return x.reshape(-1, side * patch, side * patch, 3)


def build(config: ConfigDict) -> Pure:
    """The decoder of a resolved config: apply(params, z [N, D]) -> frames [N, H, W, 3]."""
    c = config.decoder
    return pure(lambda rngs: Decoder(config.images.size, c.patch, config.latent.width, c.width, rngs, config.model.dtype))
