"""Vision transformer (Dosovitskiy et al., 2021; Touvron et al., 2021): an image as a sequence of patches and a class token."""

import jax
import jax.numpy as jnp
from flax import nnx

from shared.nn.encoder import Block
from shared.nn.linear import Linear, fixed
from shared.nn.norms import LayerNorm
from shared.nn.stack import scan, stack

STD = 0.02  # of every kernel and table at the start
EPS = 1e-12


class ViT(nnx.Module):
    """Images [N, size, size, 3] -> tokens [N, 1 + P, width], the class token first, then the patches row by row."""

    def __init__(self, size: int, patch: int, width: int, layers: int, heads: int, mlp_width: int, rngs: nnx.Rngs, dtype: str = "float32"):
        self.patch, self.dtype, self.patches = patch, dtype, (size // patch) ** 2
        self.embedding = Linear((patch * patch * 3, width), (None, "embed"), rngs, bias=True, start=fixed(STD), dtype=dtype)
        self.cls = nnx.Param(STD * jax.random.truncated_normal(rngs.params(), -3, 3, (width,)), axes=("embed",))
        self.positions = nnx.Param(
            STD * jax.random.truncated_normal(rngs.params(), -3, 3, (1 + self.patches, width)), axes=(None, "embed")
        )
        like = {"start": fixed(STD), "eps": EPS, "dtype": dtype}
        self.blocks = stack(lambda rngs: Block(width, heads, width // heads, mlp_width, rngs, **like), layers, rngs)
        self.norm = LayerNorm(width, eps=EPS)

    def __call__(self, images: jax.Array) -> jax.Array:
        x = self.embedding(patches(images, self.patch))  # [N, P, width]
        first = jnp.broadcast_to(self.cls[...].astype(x.dtype), (len(x), 1, x.shape[-1]))
        x = jnp.concatenate([first, x], 1) + self.positions[...].astype(x.dtype)
        x, _ = scan(lambda block, x, _: (block(x), None), self.blocks, x)
        return self.norm(x)


def patches(images: jax.Array, patch: int) -> jax.Array:
    """Images [N, H, W, C] -> squares of `patch` pixels, [N, P, patch * patch * C]: a convolution of that stride is one product."""
    n, h, w, c = images.shape
    x = images.reshape(n, h // patch, patch, w // patch, patch, c)
    return x.swapaxes(2, 3).reshape(n, -1, patch * patch * c)
