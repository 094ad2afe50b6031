"""Language models to choose from, by name: a decoder as shared/nn has it, with a pair of thin matrices beside each kernel of its attention
and of its output layer (LoRA; Hu et al., 2021)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from shared.nn.decoder import Decoder, DecoderConfig
from shared.nn.pure import Pure, pure

RANK = 4


class Shape(NamedTuple):
    """What the name of a language model stands for."""

    layers: int
    width: int
    heads: int
    mlp: int
    context: int  # tokens of a row, its mark among them: a document goes on in the next one


DECODERS = {  # numbered in files; new ones come last
    "2x32": Shape(2, 32, 2, 64, 64),
    "4x128": Shape(4, 128, 4, 256, 128),
    "8x512": Shape(8, 512, 8, 2_048, 256),
    "12x768": Shape(12, 768, 12, 3_072, 1_024),  # as large as GPT-2
}


def decoder_config(name: str, vocab: int) -> DecoderConfig:
    layers, width, heads, mlp, context = DECODERS[name]
    return DecoderConfig(vocab, layers, width, heads, heads, mlp, width // heads, context, mlp="gelu")


def decoder(name: str, vocab: int) -> Pure:
    """apply: tokens [B, T] -> logits [B, T, V]."""
    return pure(lambda rngs: Decoder(decoder_config(name, vocab), rngs))


def adapters(name: str, vocab: int) -> Pure:
    """apply: the decoder's parameters -> the same with the adapters' products added."""
    return pure(lambda rngs: Adapters(decoder_config(name, vocab), rngs))


class Pair(nnx.Module):
    """A [..., I, r], B [..., r, O]: a kernel of I x O numbers becomes kernel + A B. B starts at 0."""

    def __init__(self, lead: tuple[int, ...], inputs: int, outputs: int, rngs: nnx.Rngs):
        down, axes = jax.random.normal(rngs.params(), (*lead, inputs, RANK)) / inputs**0.5, (None,) * (len(lead) + 2)
        self.down, self.up = nnx.Param(down, axes=axes), nnx.Param(jnp.zeros((*lead, RANK, outputs)), axes=axes)

    def __call__(self, kernel: jax.Array) -> jax.Array:
        return kernel + (self.down[...] @ self.up[...]).reshape(kernel.shape)


class Adapters(nnx.Module):
    """Those of a decoder: all layers of it in one pair."""

    def __init__(self, c: DecoderConfig, rngs: nnx.Rngs):
        layers, heads = (c.layers,), c.heads * c.head_dim
        self.query, self.key, self.value = (Pair(layers, c.width, heads, rngs) for _ in range(3))
        self.out = Pair(layers, heads, c.width, rngs)
        self.head = Pair((), c.width, c.vocab, rngs)

    def __call__(self, params: dict) -> dict:
        attention = params["blocks"]["attention"]
        attention = {name: {"kernel": getattr(self, name)(part["kernel"])} for name, part in attention.items()}
        head = {"kernel": self.head(params["head"]["kernel"])}
        return {**params, "blocks": {**params["blocks"], "attention": attention}, "head": head}
