"""The decoder of a resolved config: Llama-style, with a tied head."""

from ml_collections import ConfigDict

from shared.nn.decoder import Decoder, DecoderConfig
from shared.nn.pure import Pure, pure


def decoder_config(config: ConfigDict) -> DecoderConfig:
    m = config.model
    return DecoderConfig(
        vocab=config.data.vocab, layers=m.layers, width=m.width, heads=m.heads, kv_heads=m.kv_heads, mlp_width=m.mlp_width,
        head_dim=m.head_dim, context=config.data.context, tied_head=True, dtype=m.dtype,
    )  # fmt: skip


def build(decoder: DecoderConfig) -> Pure:
    """apply: tokens [B, T] -> logits [B, T, V]."""
    return pure(lambda rngs: Decoder(decoder, rngs))
