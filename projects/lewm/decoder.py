"""What a latent shows, as a picture: a diagnostic that is trained on the latents of a finished model, or along with it (Table 7).

    z -> two hidden layers (linear, LayerNorm, GELU) -> every pixel

In the authors' decoder a learned query per patch looks at the latent. With one latent to look at attention has nothing to choose, and what
is left is an MLP. This one is without the detour, and draws the agent of TwoRoom where the other has learnt the walls.
"""

import jax
import jax.numpy as jnp
from flax import nnx
from ml_collections import ConfigDict

from shared.nn.linear import Linear, torch_default
from shared.nn.mlp import gelu
from shared.nn.norms import LayerNorm
from shared.nn.pure import Pure, pure

LAYERS = 2


class Decoder(nnx.Module):
    """Latents z [N, ...] with D numbers each -> frames [N, size, size, 3], float32, not held to [0, 1]."""

    def __init__(self, size: int, latent: int, width: int, rngs: nnx.Rngs, dtype: str = "float32"):
        self.size, self.dtype = size, dtype
        like = {"bias": True, "start": torch_default, "dtype": dtype}
        self.hidden = nnx.List(Linear((inputs, width), (None, "mlp"), rngs, **like) for inputs in (latent, *[width] * (LAYERS - 1)))
        self.norms = nnx.List(LayerNorm(width) for _ in range(LAYERS))
        self.leave = Linear((width, size * size * 3), ("mlp", None), rngs, **like)

    def __call__(self, z: jax.Array) -> jax.Array:
        x = z.reshape(len(z), -1).astype(self.dtype)
        for hidden, norm in zip(self.hidden, self.norms, strict=True):
            x = gelu(norm(hidden(x)))  # [N, W]
        return self.leave(x).astype(jnp.float32).reshape(-1, self.size, self.size, 3)


def build(config: ConfigDict) -> Pure:
    """The decoder of a resolved config: apply(params, z [N, ...]) -> frames [N, H, W, 3]."""
    numbers = config.latent.width * (1 if config.latent.tokens == "one" else (config.images.size // config.encoder.patch) ** 2)
    return pure(lambda rngs: Decoder(config.images.size, numbers, config.decoder.width, rngs, config.model.dtype))
